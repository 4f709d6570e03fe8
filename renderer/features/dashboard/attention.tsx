// Containers that need a look, with the reason in words and the way there. Only what the engine says; nothing is guessed.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { failedByItself } from '../../../preload/contract';
import type { ContainerSummary } from '../../../preload/contract';
import { useFormat } from '../../format';
import { href } from '../../routes';
import { useStore } from '../../state/context';
import { StateMark } from '../../ui/state-mark';
import { useNow } from '../../ui/use-now';
import css from './dashboard.module.css';

const SHOWN = 5;
/** An older failure is history, not news. */
const RECENT_MS = 24 * 3600 * 1000;

type Reason = 'unhealthy' | 'restarting' | 'dead' | 'exited';

export function Attention(): ReactNode {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const now = useNow(60_000);
  const ready = useStore((s) => s.engine.status === 'ready');
  const containers = useStore(useShallow((s) => s.engine.containerIds.flatMap((id) => s.engine.containers[id] ?? [])));
  const found = ready
    ? containers.flatMap((container) => ({ container, reason: reasonOf(container, now) })).filter(({ reason }) => reason !== undefined)
    : [];
  if (found.length === 0) {
    return null;
  }
  return (
    <section className={css['attention']}>
      <div className="sec">
        <h2>{t('attention.title')}</h2>
      </div>
      <ul>
        {found.slice(0, SHOWN).map(({ container, reason }) => (
          <li key={container.id}>
            <StateMark kind={reason === 'exited' ? 'warn' : 'sick'} />
            <span className="ell">
              <b className="med">{container.name}</b>{' '}
              {t(`attention.${reason ?? 'exited'}`, {
                code: container.exitCode ?? 0,
                age: format.age(now - (container.finishedAt ?? now)),
              })}
            </span>
            <Button size="compact-xs" component="a" href={href('containers', container.id, 'logs')}>
              {t('attention.logs')}
            </Button>
          </li>
        ))}
        {found.length > SHOWN ? (
          <li>
            <span />
            <a href={href('containers')}>{t('attention.more', { count: found.length - SHOWN })}</a>
          </li>
        ) : null}
      </ul>
    </section>
  );
}

export function reasonOf({ state, health, exitCode, finishedAt }: ContainerSummary, now: number): Reason | undefined {
  if (state === 'restarting' || state === 'dead') {
    return state;
  }
  if (state === 'running' && health === 'unhealthy') {
    return 'unhealthy';
  }
  const recent = finishedAt !== undefined && now - finishedAt < RECENT_MS;
  return state === 'exited' && recent && failedByItself(exitCode) ? 'exited' : undefined;
}
