// The last starts as bars, oldest at the left; the same figures as a list for who cannot see bars.
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { countsOf, kindOf } from '../../state/boots';
import css from './dashboard.module.css';

const HEIGHT = 36;

export function BootHistory({ bare = false }: { readonly bare?: boolean }): ReactNode {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const boots = useStore((s) => s.vm.boots);
  if (boots.length === 0) {
    return <div />;
  }
  const longest = Math.max(...boots.map(({ seconds }) => seconds ?? 0), 0.1);
  const bars = [...boots].reverse().map((boot) => {
    const kind = kindOf(boot);
    const words = t(`boot.bar.${kind}`, {
      time: format.moment(boot.at),
      seconds: boot.seconds === undefined ? '' : format.seconds(boot.seconds),
    });
    return { at: boot.at, kind, words, height: kind === 'failed' ? HEIGHT : Math.max(2, (HEIGHT * (boot.seconds ?? 0)) / longest) };
  });
  const picture = (
    <div>
      <div className={css['hist']} data-bar aria-hidden>
        {bars.map(({ at, kind, words, height }) => (
          <Tooltip key={at} label={words}>
            <i data-kind={kind} style={{ height }} />
          </Tooltip>
        ))}
      </div>
      <ul className="sr">
        {bars.map(({ at, words }) => (
          <li key={at}>{words}</li>
        ))}
      </ul>
      {bare ? <div className={`t3 s ${css['under']}`}>{t('boot.history', { count: boots.length })}</div> : null}
    </div>
  );
  if (bare) {
    return picture;
  }
  return (
    <div className={css['history']}>
      <div className="sec">
        <h2>{t('boot.history', { count: boots.length })}</h2>
      </div>
      <div className={css['beside']}>
        {picture}
        <p className="t3 s">
          {countsOf(boots)
            .map(({ kind, count }) => t(`boot.count.${kind}`, { count }))
            .join(t('boot.comma'))}
        </p>
      </div>
    </div>
  );
}
