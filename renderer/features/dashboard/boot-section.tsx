// The boot timeline: rows while a start runs or has failed, one strip once it is up, the last starts beside it.
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { useVmView } from '../../state/vm-view';
import { BootHistory } from './boot-history';
import { BootList } from './boot-list';
import { BootStrip } from './boot-strip';
import { BootTable } from './boot-table';
import { countsOf } from '../../state/boots';
import css from './dashboard.module.css';

export function BootSection(): ReactNode {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { state } = useVmView();
  const boot = useStore((s) => s.vm.status?.boot ?? s.vm.boots[0]);
  const boots = useStore((s) => s.vm.boots);
  const [open, setOpen] = useState<'phases' | 'starts'>();
  const toggle = (what: 'phases' | 'starts') => () => setOpen(open === what ? undefined : what);
  const live = state === 'starting' || state === 'resuming';
  const old = live && (boot?.seconds !== undefined || boot?.error !== undefined);

  if (live || (state === 'failed' && boot?.error !== undefined)) {
    return (
      <>
        <BootTable boot={old ? undefined : boot} live={live} />
        <BootHistory />
      </>
    );
  }
  if (boot === undefined) {
    return null;
  }
  return (
    <div className={css['boot']}>
      <div className="sec">
        <h2>{t(state === 'running' ? 'boot.this' : 'boot.last')}</h2>
        {boot.seconds === undefined ? null : <span className="t3 s">{format.seconds(boot.seconds)}</span>}
        <span className={`end ${css['legend']}`}>
          {countsOf(boots).map(({ kind, count, median }) => (
            <span key={kind} className={css['key']} data-kind={kind}>
              {t(`boot.count.${kind}`, { count })}
              {median === undefined ? '' : t('boot.median', { seconds: format.seconds(median) })}
            </span>
          ))}
        </span>
      </div>
      <div className={css['pair']}>
        <BootStrip boot={boot} />
        <BootHistory bare />
      </div>
      <div className={css['more']}>
        <button type="button" className="link s" aria-expanded={open === 'phases'} onClick={toggle('phases')}>
          {t(open === 'phases' ? 'boot.hide' : 'boot.show')}
        </button>
        {boots.length < 2 ? null : (
          <button type="button" className="link s" aria-expanded={open === 'starts'} onClick={toggle('starts')}>
            {t(open === 'starts' ? 'boot.hideAll' : 'boot.all', { count: boots.length })}
          </button>
        )}
      </div>
      {open === 'phases' ? <BootTable boot={boot} live={false} /> : null}
      {open === 'starts' ? <BootList /> : null}
    </div>
  );
}
