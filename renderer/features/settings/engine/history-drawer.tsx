// Every change that was tried: when, by what, which keys, how it ended, in dockerd's words where it said some. Any of them can be put in force again.
import { Button, Drawer } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../../preload/contract';
import type { ConfigHistoryEntry, ConfigState, WireError } from '../../../../preload/contract';
import { useFormat } from '../../../format';
import { useClient } from '../../../state/context';
import { ErrorNotice } from '../../../ui/error-notice';
import { useErrorText } from '../../../ui/error-text';
import { StateMark } from '../../../ui/state-mark';
import type { MarkKind } from '../../../ui/state-mark';
import { Changes } from './changes';
import css from './apply.module.css';

const MARKS: Readonly<Record<ConfigHistoryEntry['result'], MarkKind>> = {
  applied: 'pass',
  rolledBack: 'fail',
  cancelled: 'exit',
  recovered: 'warn',
};

interface HistoryDrawerProps {
  readonly opened: boolean;
  readonly saved: ConfigState;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onRestore: (id: string, text: string, revision: string) => Promise<void>;
}

export function HistoryDrawer({ opened, saved, busy, onClose, onRestore }: HistoryDrawerProps): ReactNode {
  const { t } = useTranslation(['engine-settings', 'common']);
  return (
    <Drawer opened={opened} onClose={onClose} size={440} title={t('history.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      {opened ? <Entries saved={saved} busy={busy} onClose={onClose} onRestore={onRestore} /> : null}
    </Drawer>
  );
}

function Entries({ saved, busy, onClose, onRestore }: Omit<HistoryDrawerProps, 'opened'>): ReactNode {
  const { t } = useTranslation('engine-settings');
  const client = useClient();
  const [entries, setEntries] = useState<readonly ConfigHistoryEntry[]>();
  const [error, setError] = useState<WireError>();
  useEffect(() => {
    const stop = new AbortController();
    client.call('config.history', {}, { signal: stop.signal }).then(setEntries, (thrown: unknown) => {
      if (!stop.signal.aborted) {
        setError(toWireError(thrown));
      }
    });
    return () => stop.abort();
    // Each change adds one.
  }, [client, saved.revision, saved.task]);
  if (error !== undefined) {
    return <ErrorNotice error={error} />;
  }
  if (entries === undefined) {
    return null;
  }
  return entries.length === 0 ? (
    <p className="t3">{t('history.empty')}</p>
  ) : (
    <ul className={css['history']}>
      {entries.map((entry) => (
        <Entry
          key={entry.id}
          entry={entry}
          now={entry.text === saved.text}
          busy={busy}
          onRestore={() => {
            onClose();
            void onRestore(entry.id, entry.text, saved.revision);
          }}
        />
      ))}
    </ul>
  );
}

interface EntryProps {
  readonly entry: ConfigHistoryEntry;
  /** It says what is saved. */
  readonly now: boolean;
  readonly busy: boolean;
  readonly onRestore: () => void;
}

function Entry({ entry, now, busy, onRestore }: EntryProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const format = useFormat();
  const errorText = useErrorText();
  return (
    <li>
      <div className="row">
        <StateMark kind={MARKS[entry.result]} />
        <b className="med">{t(`history.result.${entry.result}`)}</b>
        <span className="t3 s">
          {t(`history.origin.${entry.origin}`)} · {format.moment(entry.at)}
        </span>
        <span className="end" />
        {now ? (
          <span className="t3 s">{t('history.now')}</span>
        ) : (
          <Button size="compact-xs" disabled={busy} onClick={onRestore}>
            {t('history.restore')}
          </Button>
        )}
      </div>
      <Changes changes={entry.changes} />
      {entry.error === undefined ? null : <p className="s c-bad">{errorText(entry.error).title}</p>}
      {entry.words === undefined ? null : (
        <pre className="tail words" lang="en">
          {entry.words}
        </pre>
      )}
    </li>
  );
}
