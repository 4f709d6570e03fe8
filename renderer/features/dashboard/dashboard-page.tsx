// Overview: is the engine there, how it came up, what it has, how to use it from a terminal.
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useStore } from '../../state/context';
import { useStream } from '../../state/use-stream';
import { useVmView } from '../../state/vm-view';
import { Delayed } from '../../ui/delayed';
import { Attention } from './attention';
import { BootSection } from './boot-section';
import { Cost } from './cost';
import { CostCharts } from './cost-charts';
import type { CostSpanName } from './cost-lines';
import { Facts } from './facts';
import { Glance } from './glance';
import { Hero } from './hero';
import { TerminalUse } from './terminal-use';
import { WaysOut } from './ways-out';

export function DashboardPage(): ReactNode {
  const known = useStore((s) => s.vm.status !== undefined);
  const { state, stuck } = useVmView();
  const cost = useStream('cost.changes');
  const [span, setSpan] = useState<CostSpanName>('hour');
  if (!known) {
    return <Skeleton />;
  }
  return (
    <div className="split">
      <section>
        <Hero />
        <Facts />
        <BootSection />
        {cost === undefined || state === 'starting' || state === 'resuming' ? null : <CostCharts points={cost[span]} span={span} />}
        <Attention />
      </section>
      <aside className="panel">
        {stuck || state === 'failed' ? <WaysOut /> : null}
        {cost === undefined ? null : <Cost cost={cost} span={span} onSpan={setSpan} />}
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
