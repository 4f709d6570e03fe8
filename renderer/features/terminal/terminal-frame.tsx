// Around the terminals of one place: a tab for each session, search, size, what is said when one ended, the equal command at the foot.
import { Button } from '@mantine/core';
import { IconPlus, IconSearch, IconTerminal2, IconX } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../preload/contract';
import { useClient, useStore } from '../../state/context';
import { CopyButton } from '../../ui/copy-line';
import { ErrorNotice } from '../../ui/error-notice';
import { useOpenUrl } from '../../ui/external-link';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { TerminalView } from '../../ui/terminal-view';
import styles from './terminal.module.css';
import type { ReactNode, RefObject } from 'react';
import type { TerminalSession, WireError } from '../../../preload/contract';
import type { TerminalHandle } from '../../ui/terminal-view';
import type { OpenOptions, Sessions } from './use-sessions';

interface TerminalFrameProps {
  readonly sessions: Sessions;
  /** Why none can be opened now; undefined = one can. */
  readonly blocked: string | undefined;
  /** The choices beside "+": shell and user. */
  readonly chooser?: ReactNode;
  readonly choice: OpenOptions;
  /** The command line that would do the same. */
  readonly equal: (session: TerminalSession) => string;
}

export function TerminalFrame({ sessions, blocked, chooser, choice, equal }: TerminalFrameProps): ReactNode {
  const { t } = useTranslation('terminal');
  const client = useClient();
  const openUrl = useOpenUrl();
  const view = useRef<TerminalHandle>(null);
  const tabs = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState('');
  /** A stream that broke is taken up again: by a click, or when the connection is back. */
  const [attempt, setAttempt] = useState<unknown>(0);
  const [ended, setEnded] = useState<Readonly<Record<string, WireError | 'ended'>>>({});
  const connection = useStore((state) => state.connection);
  const paused = useStore(
    ({ vm }) => vm.status?.state === 'suspending' || vm.status?.state === 'suspended' || vm.status?.state === 'resuming',
  );
  if (connection.name === 'open' && connection !== attempt && Object.values(ended).some((end) => end !== 'ended')) {
    setAttempt(connection);
    setEnded({});
  }
  const { list = [], active } = sessions;
  const end = active === undefined ? undefined : (ended[active.id] ?? (active.exitCode === undefined ? undefined : 'ended'));

  const onEnded = (id: string) => (error?: unknown) => {
    setEnded((old) => ({ ...old, [id]: error === undefined ? 'ended' : toWireError(error) }));
    sessions.refresh().catch(() => undefined);
  };
  const reopen = (): void => {
    if (active !== undefined) {
      void sessions.close(active.id);
      void sessions.open({ shell: active.shell, user: active.user });
    }
  };
  const attach = (): void => {
    setEnded({});
    setAttempt({});
  };
  return (
    <div className={styles.term}>
      <div className={styles.bar}>
        <div ref={tabs} className={styles.tabs} role="tablist" aria-label={t('sessions')}>
          {list.map((session) => (
            <div key={session.id} className={styles.tab} data-active={session.id === active?.id || undefined}>
              <button
                type="button"
                role="tab"
                aria-selected={session.id === active?.id}
                onClick={() => {
                  sessions.select(session.id);
                }}
              >
                <Icon of={IconTerminal2} small />
                {tabName(session)}
              </button>
              <button
                type="button"
                className={styles.close}
                aria-label={t('close', { name: tabName(session) })}
                onClick={() => {
                  void sessions.close(session.id);
                }}
              >
                <Icon of={IconX} small />
              </button>
            </div>
          ))}
        </div>
        <button
          type="button"
          className={styles.add}
          aria-label={t('open')}
          title={blocked ?? t('open')}
          disabled={blocked !== undefined || sessions.opening}
          onClick={() => {
            void sessions.open(choice);
          }}
        >
          {sessions.opening ? <StateMark kind="busy" /> : <Icon of={IconPlus} />}
        </button>
        <span className="end" />
        {chooser}
        {active !== undefined && <Find view={view} />}
        <span className={styles.size}>{size}</span>
      </div>
      {sessions.error !== undefined && (
        <div className={styles.problem}>
          <ErrorNotice error={sessions.error} onRetry={() => void sessions.open(choice)} onDismiss={sessions.clearError} />
        </div>
      )}
      {active === undefined ? (
        <div className={styles.nothing}>{sessions.list === undefined || sessions.opening ? '' : (blocked ?? t('none'))}</div>
      ) : (
        <TerminalView
          key={active.id}
          attempt={attempt}
          ref={view}
          client={client}
          session={active.id}
          replayed={!sessions.isFresh(active.id)}
          label={t('label', { name: tabName(active) })}
          onSize={(cols, rows) => {
            setSize(`${String(cols)} × ${String(rows)}`);
          }}
          onEnded={onEnded(active.id)}
          onLink={openUrl}
          onLeave={() => {
            tabs.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
          }}
        />
      )}
      {active?.kind === 'exec' && end === undefined && paused && (
        <div className={styles.ended} role="status">
          <StateMark kind="pause" />
          <span className="grow">{t('paused')}</span>
        </div>
      )}
      {active !== undefined && end !== undefined && (
        <div className={styles.ended} role="status">
          <StateMark kind={end === 'ended' ? 'exit' : 'waiting'} />
          <span className="grow">
            {end !== 'ended' ? t('detached') : active.exitCode === undefined ? t('ended') : t('endedWith', { code: active.exitCode })}
          </span>
          {end === 'ended' ? (
            <Button size="compact-xs" disabled={blocked !== undefined} onClick={reopen}>
              {t('reopen')}
            </Button>
          ) : (
            <Button size="compact-xs" onClick={attach}>
              {t('attach')}
            </Button>
          )}
        </div>
      )}
      <div className={styles.foot}>
        <span className={styles.hints}>{t('hints')}</span>
        <span className="end" />
        {active !== undefined && (
          <>
            <code className="ell">{equal(active)}</code>
            <CopyButton text={equal(active)} />
          </>
        )}
      </div>
    </div>
  );
}

function tabName({ shell, user }: TerminalSession): string {
  const name = shell.split(/[\\/]/).at(-1) ?? shell;
  return user === '' ? name : `${name} · ${user}`;
}

function Find({ view }: { readonly view: RefObject<TerminalHandle | null> }): ReactNode {
  const { t } = useTranslation('terminal');
  const [text, setText] = useState('');
  const [missing, setMissing] = useState(false);
  return (
    <label className={styles.find} data-missing={missing || undefined}>
      <Icon of={IconSearch} small />
      <input
        type="text"
        aria-label={t('find')}
        placeholder={t('find')}
        value={text}
        spellCheck={false}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setMissing(false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && text !== '') {
            setMissing(view.current?.find(text, event.shiftKey ? 1 : -1) === false);
          } else if (event.key === 'Escape') {
            view.current?.focus();
          }
        }}
      />
    </label>
  );
}
