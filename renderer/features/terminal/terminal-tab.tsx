// Terminals inside one container: exec -it with a shell and a user of choice. The first one opens by itself.
import { Autocomplete, Button, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useActions, useStore } from '../../state/context';
import { EmptyState } from '../../ui/empty-state';
import { quoteWord } from '../../ui/quote-word';
import styles from './terminal.module.css';
import { TerminalFrame } from './terminal-frame';
import { useSessions } from './use-sessions';
import type { ReactNode } from 'react';
import type { ContainerSummary, TerminalSession } from '../../../preload/contract';

const shells = ['auto', 'bash', 'sh', 'ash', 'zsh'];

export function execLine(container: string, { shell, user }: Pick<TerminalSession, 'shell' | 'user'>): string {
  return ['docker exec -it', user === '' ? '' : `-u ${quoteWord(user)}`, quoteWord(container), quoteWord(shell)]
    .filter((word) => word !== '')
    .join(' ');
}

export function TerminalTab({ container }: { readonly container: ContainerSummary }): ReactNode {
  const { t } = useTranslation('terminal');
  const actions = useActions();
  const sessions = useSessions(container.id);
  const pending = useStore((state) => state.ui.pending[container.id]);
  const away = useStore((state) => state.engine.status !== 'ready');
  const [choice, setChoice] = useState({ shell: 'auto', user: '' });
  const isRunning = container.state === 'running';
  const isPaused = container.state === 'paused';

  const { list, open, opening } = sessions;
  const opened = useRef(false);
  useEffect(() => {
    if (list?.length === 0 && isRunning && !opened.current) {
      opened.current = true;
      void open({ shell: 'auto', user: '' });
    }
  }, [list, isRunning, open]);

  if (!isRunning && (list ?? []).length === 0) {
    return (
      <EmptyState
        title={t(isPaused ? 'frozen' : 'stopped')}
        text={t(isPaused ? 'frozenText' : 'stoppedText')}
        actions={
          <Button
            variant="filled"
            loading={pending !== undefined}
            disabled={away}
            onClick={() => void (isPaused ? actions.unpauseContainer : actions.startContainer)(container.id)}
          >
            {t(isPaused ? 'unpause' : 'start')}
          </Button>
        }
      />
    );
  }
  return (
    <TerminalFrame
      sessions={sessions}
      blocked={isRunning ? undefined : t(isPaused ? 'frozen' : 'stopped')}
      choice={choice}
      equal={(session) => execLine(container.name, session)}
      chooser={
        <form
          className={styles.chooser}
          onSubmit={(event) => {
            event.preventDefault();
            void open(choice);
          }}
        >
          <span>{t('shell')}</span>
          <Autocomplete
            w={104}
            aria-label={t('shell')}
            placeholder={t('shell')}
            data={shells}
            value={choice.shell}
            onChange={(shell) => {
              setChoice({ ...choice, shell });
            }}
          />
          <span>{t('user')}</span>
          <TextInput
            w={92}
            aria-label={t('user')}
            placeholder={t('userHint')}
            value={choice.user}
            onChange={(event) => {
              setChoice({ ...choice, user: event.currentTarget.value });
            }}
          />
          <button type="submit" hidden disabled={opening} />
        </form>
      }
    />
  );
}
