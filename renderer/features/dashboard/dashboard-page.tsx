// Overview: is the engine there, how it came up, what it has, how to use it from a terminal.
import type { ReactNode } from 'react';
import { useStore } from '../../state/context';
import { useVmView } from '../../state/vm-view';
import { Delayed } from '../../ui/delayed';
import { Attention } from './attention';
import { BootSection } from './boot-section';
import { Cost } from './cost';
import { Facts } from './facts';
import { Glance } from './glance';
import { Hero } from './hero';
import { TerminalUse } from './terminal-use';
import { WaysOut } from './ways-out';

export function DashboardPage(): ReactNode {
  const known = useStore((s) => s.vm.status !== undefined);
  const { state, stuck } = useVmView();
  if (!known) {
    return <Skeleton />;
  }
  return (
    <div className="split">
      <section>
        <Hero />
        <Facts />
        <BootSection />
        <Attention />
      </section>
      <aside className="panel">
        {stuck || state === 'failed' ? <WaysOut /> : null}
        <Cost />
        <Glance />
        <TerminalUse />
      </aside>
    </div>
  );
}

function Skeleton(): ReactNode {
  return (
    <Delayed>
      <div className="split" aria-hidden>
        <section>
          <span className="sk" style={{ width: 160, height: 22, margin: '8px 0 12px 32px' }} />
          <span className="sk" style={{ width: 320, margin: '0 0 36px 32px' }} />
          <span className="sk" style={{ width: 420, marginBottom: 16 }} />
          <span className="sk" style={{ width: 360 }} />
        </section>
        <aside className="panel" />
      </div>
    </Delayed>
  );
}
