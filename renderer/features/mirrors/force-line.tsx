// What is in force in the engine beside what is set: one line that is always there, the difference on demand, both ways to settle it.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MirrorsState } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { useVmView } from '../../state/vm-view';
import { StateMark } from '../../ui/state-mark';
import { itemsOf, samePlace, wanted } from './draft';
import css from './mirrors.module.css';
import type { NameOf } from './names';
import type { ReactNode } from 'react';

interface ForceLineProps {
  readonly known: MirrorsState;
  readonly nameOf: NameOf;
  readonly busy: boolean;
  readonly onPut: () => void;
  readonly onTake: () => void;
}

export function ForceLine({ known, nameOf, busy, onPut, onTake }: ForceLineProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  const [open, setOpen] = useState(false);
  const { inForce, differs, mirrors } = known;
  if (inForce === undefined) {
    return <OffLine />;
  }
  const set = wanted(itemsOf(mirrors));
  const named = (url: string): string => nameOf(mirrors.find((each) => each.url === url) ?? { url });
  const chain = inForce.urls.length === 0 ? t('force.none') : inForce.urls.map(named).join(' → ');
  return (
    <>
      <div className={css['force']} role="status">
        <StateMark kind={differs ? 'warn' : inForce.urls.length === 0 ? 'exit' : 'pass'} />
        <b className="med nowrap">{t(differs ? 'force.differs' : 'force.title')}</b>
        <span className="t2 s ell" title={inForce.urls.join(' → ')}>
          {t('force.chain', { chain, time: format.moment(inForce.at) })}
        </span>
        {differs ? (
          <button type="button" className="link s nowrap" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? 'force.hide' : 'force.show')}
          </button>
        ) : null}
      </div>
      {differs && open ? (
        <section className={css['difference']} aria-label={t('force.difference')}>
          <Side title={t('force.set')} urls={set} other={inForce.urls} named={named} />
          <Side title={t('force.engine')} urls={inForce.urls} other={set} named={named} />
          <div className="row">
            <Button size="compact-xs" disabled={busy} onClick={onPut}>
              {t('force.put')}
            </Button>
            <Button size="compact-xs" variant="subtle" disabled={busy} onClick={onTake}>
              {t('force.take')}
            </Button>
            <span className="t3 s">{known.suspended.length > 0 ? t('force.suspended', { count: known.suspended.length }) : ''}</span>
          </div>
        </section>
      ) : null}
    </>
  );
}

const asItems = (urls: readonly string[]): readonly { readonly url: string }[] => urls.map((url) => ({ url }));

interface SideProps {
  readonly title: string;
  readonly urls: readonly string[];
  readonly other: readonly string[];
  readonly named: (url: string) => string;
}

function Side({ title, urls, other, named }: SideProps): ReactNode {
  const { t } = useTranslation('mirrors');
  return (
    <div>
      <h3>{title}</h3>
      {urls.length === 0 ? <p className="t3 s">{t('force.none')}</p> : null}
      <ol>
        {urls.map((url, index) => (
          <li key={url}>
            <span className="t3">{index + 1}</span>
            <span className="ell" title={url}>
              {named(url)}
            </span>
            {other.includes(url) ? (
              samePlace(asItems(urls), asItems(other), url) ? null : (
                <span className="t3 s nowrap">{t('force.otherPlace')}</span>
              )
            ) : (
              <span className="c-warn s nowrap">{t('force.onlyHere')}</span>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}

function OffLine(): ReactNode {
  const { t } = useTranslation('mirrors');
  const actions = useActions();
  const view = useVmView();
  const off = view.state === 'stopped' || view.state === 'failed' || view.state === 'suspended';
  const pending = useStore((s) => s.ui.pendingVm !== undefined);
  return (
    <div className={css['force']} role="status">
      <StateMark kind={view.mark} />
      <b className="med nowrap">{view.words}</b>
      <span className="t2 s ell">{t('force.off')}</span>
      {off ? (
        <Button size="compact-xs" disabled={pending} onClick={() => void actions.startVm()}>
          {t(view.state === 'suspended' ? 'force.resume' : 'force.start')}
        </Button>
      ) : null}
    </div>
  );
}
