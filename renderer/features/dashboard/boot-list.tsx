// The last starts as rows, newest first: when, how, how long, what the time went into, and why one was not a resume or failed.
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { BootTimeline } from '../../../preload/contract';
import { useFormat } from '../../format';
import { kindOf, segmentsOf } from '../../state/boots';
import { useStore } from '../../state/context';
import { useErrorText } from '../../ui/error-text';
import { StateMark } from '../../ui/state-mark';
import css from './dashboard.module.css';

export function BootList(): ReactNode {
  const { t } = useTranslation('dashboard');
  const boots = useStore((s) => s.vm.boots);
  const longest = Math.max(...boots.map(({ seconds }) => seconds ?? 0), 0.1);
  return (
    <table className={css['starts']}>
      <thead>
        <tr>
          <th>{t('boot.when')}</th>
          <th>{t('boot.how')}</th>
          <th className={css['wide']}>{t('boot.phases')}</th>
          <th className="num">{t('boot.took')}</th>
        </tr>
      </thead>
      <tbody>
        {boots.map((boot) => (
          <Start key={boot.at} boot={boot} longest={longest} />
        ))}
      </tbody>
    </table>
  );
}

function Start({ boot, longest }: { readonly boot: BootTimeline; readonly longest: number }): ReactNode {
  const { t } = useTranslation(['dashboard', 'vm']);
  const format = useFormat();
  const errorText = useErrorText();
  const kind = kindOf(boot);
  const why =
    boot.error !== undefined
      ? errorText(boot.error).title
      : boot.notResumed === undefined
        ? undefined
        : t(`vm:notResumed.${boot.notResumed.key}`, boot.notResumed.params);
  return (
    <>
      <tr {...(why === undefined ? {} : { 'data-open': true })}>
        <td className="nowrap">{format.moment(boot.at)}</td>
        <td className="nowrap">
          <span className={css['key']} data-kind={kind}>
            {t(`boot.kind.${kind}`)}
          </span>
        </td>
        <td>
          <div className={css['spent']} data-bar>
            {segmentsOf(boot).map(({ name, seconds }) => (
              <Tooltip key={name} label={`${t(`vm:phase.${name}`)} ${format.seconds(seconds)}`}>
                <i style={{ width: `${(100 * seconds) / longest}%` }} />
              </Tooltip>
            ))}
          </div>
        </td>
        <td className="num">{boot.seconds === undefined ? '–' : format.seconds(boot.seconds)}</td>
      </tr>
      {why === undefined ? null : (
        <tr>
          <td />
          <td colSpan={3} className="s t2">
            <StateMark kind={kind === 'failed' ? 'fail' : 'warn'} /> {why}
          </td>
        </tr>
      )}
    </>
  );
}
