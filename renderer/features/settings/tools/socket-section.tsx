// The system's socket path: who answers there, taking it when it is free, giving it back; by a command where only an administrator may.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { SystemSocketState } from '../../../../preload/contract';
import { useClient } from '../../../state/context';
import { useAttempt } from '../../../state/use-attempt';
import { CopyLine } from '../../../ui/copy-line';
import { ErrorNotice } from '../../../ui/error-notice';
import { StateMark } from '../../../ui/state-mark';
import settingsCss from '../settings.module.css';
import css from './tools.module.css';

const MARK = { ours: 'pass', missing: 'new', dead: 'exit', other: 'run', closed: 'warn', notASocket: 'warn' } as const;

export function SocketSection({ socket }: { readonly socket: SystemSocketState }): ReactNode {
  const { t } = useTranslation('connect');
  const client = useClient();
  const { run, pending, error, reset } = useAttempt();
  const { path, state, owner, target, wanted, keptAs, writable, command } = socket;
  if (path === '') {
    return null;
  }
  const ours = state === 'ours';
  const free = state === 'missing' || state === 'dead';
  return (
    <section aria-labelledby="tools-socket">
      <h2 id="tools-socket">{path}</h2>
      {error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />}
      {wanted && !ours ? (
        <div className="note warn" role="status">
          <StateMark kind="warn" />
          <div className="title">{t(free ? 'socket.gone' : 'socket.lost')}</div>
          <p>{t(free ? 'socket.goneText' : 'socket.lostText')}</p>
          <div className="do">
            <Button size="compact-xs" disabled={pending} onClick={() => void run(() => client.call('connect.releaseSocket', {}))}>
              {t('socket.giveUp')}
            </Button>
          </div>
        </div>
      ) : null}
      <div className={settingsCss['line']}>
        <div>
          <h3 className={css['state']}>
            <StateMark kind={MARK[state]} />
            {state === 'other' && owner !== undefined && owner.engine !== ''
              ? t('socket.engine', { engine: owner.engine, version: owner.version })
              : t(`socket.state.${state}`)}
          </h3>
          <p>{t(`socket.text.${state}`)}</p>
          {owner === undefined ? null : (
            <p>{owner.process === '' ? t('socket.processUnknown') : t('socket.process', { process: owner.process })}</p>
          )}
          {target === '' || ours ? null : <p>{t('socket.target', { target })}</p>}
          {keptAs === undefined ? null : <p>{t('socket.keptAs', { keptAs })}</p>}
        </div>
        <div className={css['do']}>
          <Button variant="subtle" disabled={pending} onClick={() => void run(() => client.call('connect.look', {}))}>
            {t('socket.look')}
          </Button>
          {writable && ours ? (
            <Button disabled={pending} onClick={() => void run(() => client.call('connect.releaseSocket', {}))}>
              {t('socket.release')}
            </Button>
          ) : null}
          {writable && free ? (
            <Button disabled={pending} onClick={() => void run(() => client.call('connect.takeSocket', {}))}>
              {t('socket.take')}
            </Button>
          ) : null}
        </div>
      </div>
      {writable || command === '' ? null : (
        <div className={css['lines']}>
          <p className="hint">{t(ours ? 'socket.releaseBy' : 'socket.takeBy')}</p>
          <CopyLine text={command} />
        </div>
      )}
    </section>
  );
}
