// The waterline: a 2 px strip and one line that tell the engine's state on every page. Its colour and its words come from one place.
import { IconBolt } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format';
import { usualOf } from '../state/boots';
import { useStore } from '../state/context';
import { useStream } from '../state/use-stream';
import { useVmView } from '../state/vm-view';
import { href } from '../routes';
import { contextUse } from '../ui/connect-lines';
import { Icon } from '../ui/icon';
import { StateMark } from '../ui/state-mark';
import { useNow } from '../ui/use-now';
import css from './frame.module.css';

export function StatusBar(): ReactNode {
  const { t } = useTranslation(['frame', 'vm']);
  const format = useFormat();
  const view = useVmView();
  const status = useStore((s) => s.vm.status);
  const context = useStream('connect.changes')?.context;
  const away = useStore((s) => s.engine.status === 'away' && s.engine.known);
  const at = useStore((s) => s.engine.at);
  const running = view.state === 'running';
  return (
    <footer className={css['status']} data-water={view.water}>
      <span role="status">
        <StateMark kind={view.mark} />
        {view.words}
      </span>
      {status?.accelerator === undefined ? null : (
        <span title={t(`vm:accelerator.name.${status.accelerator.name}`)}>{status.accelerator.name.toUpperCase()}</span>
      )}
      {running && status?.engine !== undefined ? <span>{t('status.engine', { version: status.engine.version })}</span> : null}
      {view.state === 'starting' ? <Elapsed /> : null}
      {status === undefined ? null : (
        <span className="hide-n">{t('status.machine', { cpus: status.cpus, memory: format.memory(status.memoryBytes) })}</span>
      )}
      <Mirrors />
      {away ? <span>{t('status.lastKnown', { time: format.clock(at) })}</span> : null}
      <span className={css['last']}>{context === undefined ? '' : t(`status.context.${contextUse(context)}`, { name: context.name })}</span>
      <Cost />
    </footer>
  );
}

/** Of this computer, now; the way to more of it. */
function Cost(): ReactNode {
  const { t } = useTranslation(['frame', 'cost']);
  const format = useFormat();
  const { cpu, memoryBytes } = useStream('cost.changes')?.now ?? {};
  return cpu === undefined || memoryBytes === undefined ? null : (
    <span>
      <a className={css['way']} href={href('overview')} title={t('cost:title')}>
        {t('status.cost', { memory: format.memory(memoryBytes), cpu: t('cost:percent', { ratio: cpu }) })}
      </a>
    </span>
  );
}

/** What `docker info` says; where it is not what the list says, a mark leads to the page that settles it. */
function Mirrors(): ReactNode {
  const { t } = useTranslation('frame');
  const count = useStore((s) => s.mirrors.known?.inForce?.urls.length);
  const differs = useStore((s) => s.mirrors.known?.differs === true);
  return count === undefined || (count === 0 && !differs) ? null : (
    <span className="hide-n">
      <a className={css['way']} href={href('mirrors')} title={differs ? t('status.mirrorsDiffer') : undefined}>
        {differs ? <StateMark kind="warn" label={t('status.mirrorsDiffer')} /> : <Icon of={IconBolt} small />}
        {t('status.mirrors', { count })}
      </a>
    </span>
  );
}

function Elapsed(): ReactNode {
  const { t } = useTranslation('frame');
  const format = useFormat();
  const boot = useStore((s) => s.vm.status?.boot);
  const boots = useStore((s) => s.vm.boots);
  const now = useNow(500);
  if (boot === undefined || boot.seconds !== undefined || boot.error !== undefined) {
    return null;
  }
  const elapsed = format.seconds(Math.max(0, now - boot.at) / 1000);
  const { total } = usualOf(boots, boot);
  return (
    <span>
      {total === undefined ? t('status.elapsedOnly', { elapsed }) : t('status.elapsed', { elapsed, usual: format.seconds(total) })}
    </span>
  );
}
