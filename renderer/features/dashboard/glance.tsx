// What the engine has, counted: containers by state, images, volumes, networks. Last known stays, dimmed, with its time.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useFormat } from '../../format';
import { href } from '../../routes';
import { useStore } from '../../state/context';
import css from './dashboard.module.css';

const ORDER = ['running', 'paused', 'failing', 'off'] as const;

export function Glance(): ReactNode {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { known, status, at, counts, imageIds } = useStore(useShallow((s) => s.engine));
  const bytes = useStore((s) => s.engine.imageIds.reduce((sum, id) => sum + (s.engine.images[id]?.sizeBytes ?? 0), 0));
  const states = useStore(
    useShallow((s) => {
      const sums = { running: 0, paused: 0, failing: 0, off: 0 };
      for (const id of s.engine.containerIds) {
        const container = s.engine.containers[id];
        if (container === undefined) {
          continue;
        }
        const { state, health } = container;
        const failing = health === 'unhealthy' || state === 'restarting' || state === 'dead';
        sums[failing ? 'failing' : state === 'running' ? 'running' : state === 'paused' ? 'paused' : 'off'] += 1;
      }
      return sums;
    }),
  );
  const lost = useStore((s) => s.connection.name === 'lost');
  if (!known) {
    return null;
  }
  const away = status === 'away' || lost;
  const words = ORDER.filter((state) => states[state] > 0).map((state) => t(`glance.${state}`, { count: states[state] }));
  return (
    <section className={`${css['section']} ${away ? 'away' : ''}`}>
      <div className="sec">
        <h2>{t('glance.title')}</h2>
        {away ? <span className="end">{t('glance.lastKnown', { time: format.clock(at) })}</span> : null}
      </div>
      {words.length === 0 ? null : (
        <div className={css['stack']} data-bar aria-hidden>
          {ORDER.filter((state) => states[state] > 0).map((state) => (
            <i key={state} data-state={state} style={{ flexGrow: states[state] }} />
          ))}
        </div>
      )}
      <dl className={css['counts']}>
        <dt>
          <a href={href('containers')}>{t('glance.containers')}</a>
        </dt>
        <dd>{words.length === 0 ? t('glance.none') : words.join(' · ')}</dd>
        <dt>
          <a href={href('images')}>{t('glance.images')}</a>
        </dt>
        <dd>{imageIds.length === 0 ? t('glance.none') : `${imageIds.length} · ${format.bytes(bytes)}`}</dd>
        <dt>{t('glance.volumes')}</dt>
        <dd>{counts.volumes}</dd>
        <dt>{t('glance.networks')}</dt>
        <dd>{counts.networks}</dd>
      </dl>
    </section>
  );
}
