// A finished start as one strip: what it waited for, in order, to scale.
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { BootTimeline } from '../../../preload/contract';
import { useFormat } from '../../format';
import { segmentsOf } from '../../state/boots';
import css from './dashboard.module.css';

/** A narrower piece has no room for its words; the tooltip and the table have them. */
const LABELLED = 0.125;

export function BootStrip({ boot }: { readonly boot: BootTimeline }): ReactNode {
  const { t } = useTranslation('vm');
  const format = useFormat();
  const pieces = segmentsOf(boot).filter(({ seconds }) => seconds > 0);
  const total = pieces.reduce((sum, { seconds }) => sum + seconds, 0);
  if (total === 0) {
    return <div />;
  }
  return (
    <div className={css['strip']} data-bar>
      {pieces.map(({ name, seconds }) => (
        <Tooltip key={name} label={`${t(`phase.${name}`)} ${format.seconds(seconds)}`}>
          <div style={{ flexGrow: seconds / total }} {...(seconds / total < LABELLED ? { 'data-thin': true } : {})}>
            <i />
            <span>
              <b>{format.seconds(seconds)}</b>
              {t(`phase.${name}`)}
            </span>
          </div>
        </Tooltip>
      ))}
    </div>
  );
}
