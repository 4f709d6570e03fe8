// "Set up for me": tests the list, the presets that may be proposed and the direct way, then says in which order and why; one click applies it.
import { Button, Modal } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DIRECT } from '../../../preload/contract';
import type { MirrorsState } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import { adopt } from './draft';
import css from './mirror-list.module.css';
import { scaleOf, TestLine, TestMeaning } from './test-line';
import { useReason } from './use-reason';
import { useEngineFirst } from './use-engine-first';
import { useTests } from './use-tests';
import { Verdict } from './verdict';
import type { Items } from './draft';
import type { NameOf } from './names';
import type { ReactNode } from 'react';

interface SetupDialogProps {
  readonly known: MirrorsState;
  readonly items: Items;
  readonly nameOf: NameOf;
  readonly onClose: () => void;
  readonly onDraft: (items: Items) => void;
  readonly onApply: (items: Items) => void;
}

export function SetupDialog({ known, items, nameOf, onClose, onDraft, onApply }: SetupDialogProps): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const format = useFormat();
  const results = useStore((s) => s.mirrors.tests);
  const reasonOf = useReason();
  const { running, proposal, error, run, cancel } = useTests();
  const { starting, first } = useEngineFirst();
  const vmError = useStore((s) => s.ui.vmError);
  // What is tested stays what it was when the dialog opened.
  const [all] = useState<readonly { readonly url: string; readonly name: string }[]>(() => [
    ...items.map(({ url, name }) => ({ url, name })),
    ...known.presets
      .filter(
        ({ proposable, personal, state, url }) => proposable && !personal && state !== 'closed' && !items.some((item) => item.url === url),
      )
      .map(({ url, name }) => ({ url, name: name.en })),
    { url: DIRECT, name: '' },
  ]);
  const begin = useRef(false);
  useEffect(() => {
    if (!begin.current) {
      begin.current = true;
      void first(() => void run(all.map(({ url }) => url)));
    }
  }, [first, run, all]);

  const place = useMemo(() => new Map((proposal?.order ?? []).map(({ url }, index) => [url, index])), [proposal]);
  const sorted = proposal === undefined ? all : [...all].sort((a, b) => rank(place, a.url) - rank(place, b.url));
  const busy = starting || Object.keys(running).length > 0;
  const scale = scaleOf(all.map(({ url }) => results[url]));
  const proposed = adopt(
    items,
    (proposal?.order ?? []).map(({ url }) => ({ url, name: all.find((each) => each.url === url)?.name ?? '' })),
  );
  const off = proposed.filter((item) => !item.enabled && items.some((old) => old.key === item.key && old.enabled)).length;
  const works = place.size > 0;
  return (
    <Modal opened onClose={onClose} size={720} title={t('setup.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <div className={css['setupHead']} role="status">
        <StateMark kind={busy ? 'busy' : proposal === undefined ? 'exit' : works || proposal.direct !== 'no' ? 'pass' : 'fail'} />
        <p>
          {starting
            ? t('setup.starting')
            : proposal === undefined
              ? t('setup.testing', { count: Object.keys(running).length, image: known.testImage })
              : works
                ? t('setup.found', { count: place.size, seconds: format.seconds(proposal.seconds) })
                : t(proposal.direct === 'no' ? 'setup.noneWorks' : 'setup.directOnly')}
          {works && proposal !== undefined && proposal.direct !== 'no' ? ` ${t(`setup.direct.${proposal.direct}`)}` : ''}
        </p>
      </div>
      {error === undefined ? null : <ErrorNotice error={error} onRetry={() => void run(all.map(({ url }) => url))} />}
      {vmError === undefined || busy ? null : <ErrorNotice error={vmError.error} />}
      <ol className={css['setup']} aria-label={t('setup.list')}>
        {sorted.map((mirror) => {
          const { url } = mirror;
          const live = running[url];
          const tested = begun(results[url], proposal !== undefined || live !== undefined || !busy) ? results[url] : undefined;
          const index = place.get(url);
          const reason = proposal?.order.find((each) => each.url === url)?.reason;
          return (
            <li key={url} data-off={(proposal !== undefined && index === undefined) || undefined}>
              <span className={css['place']}>{url === DIRECT ? t('row.last') : index === undefined ? '–' : index + 1}</span>
              <div className={css['body']}>
                <div className={css['ttl']}>
                  <b className="ell">{nameOf(mirror)}</b>
                  {url === DIRECT ? null : <code className="ell">{url}</code>}
                  <Verdict test={tested} running={live !== undefined} />
                </div>
                <TestLine test={tested} live={live} scale={scale} />
                {reason === undefined ? (
                  live === undefined ? (
                    <TestMeaning test={tested} />
                  ) : null
                ) : (
                  <p className="t2 s">{reasonOf(reason)}</p>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      <div className="modal-foot">
        <span className="t3 s grow">{works ? (off > 0 ? t('setup.keptOff', { count: off }) : t('setup.kept')) : ''}</span>
        {busy && !starting ? <Button onClick={cancel}>{t('setup.cancel')}</Button> : <Button onClick={onClose}>{t('common:close')}</Button>}
        <Button disabled={!works} onClick={() => onDraft(proposed)}>
          {t('setup.draft')}
        </Button>
        <Button variant="filled" disabled={!works} onClick={() => onApply(proposed)}>
          {t('setup.apply')}
        </Button>
      </div>
    </Modal>
  );
}

function rank(place: ReadonlyMap<string, number>, url: string): number {
  return place.get(url) ?? (url === DIRECT ? 1000 : 500);
}

/** A result of an earlier test is not shown as this one's. */
function begun<T>(result: T | undefined, show: boolean): result is T {
  return result !== undefined && show;
}
