// The waterline: a 2 px strip and one line that tell the engine's state on every page. Its colour and its words come from one place.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../format';
import { useStore } from '../state/context';
import { useVmView } from '../state/vm-view';
import { StateMark } from '../ui/state-mark';
import css from './frame.module.css';

export function StatusBar(): ReactNode {
  const { t } = useTranslation(['frame', 'vm']);
  const format = useFormat();
  const view = useVmView();
  const status = useStore((s) => s.vm.status);
  const app = useStore((s) => s.app);
  const away = useStore((s) => s.engine.status === 'away' && s.engine.known);
  const at = useStore((s) => s.engine.at);
  const running = view.state === 'running';
  return (
    <footer className={css['status']} data-water={view.water}>
      <span role="status">
        <StateMark kind={view.mark} />
        {view.words}
      </span>
      {status?.accelerator === undefined ? null : <span>{t(`vm:accelerator.name.${status.accelerator.name}`)}</span>}
      {running && status?.engine !== undefined ? <span>{t('status.engine', { version: status.engine.version })}</span> : null}
      {status === undefined ? null : (
        <span className="hide-n">{t('status.machine', { cpus: status.cpus, memory: format.memory(status.memoryBytes) })}</span>
      )}
      {away ? <span>{t('status.lastKnown', { time: format.clock(at) })}</span> : null}
      <span className={css['last']}>{app === undefined ? '' : t(`status.context.${app.context}`, { name: app.contextName })}</span>
    </footer>
  );
}
