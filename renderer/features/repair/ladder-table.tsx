// The eight rungs as a table: what each does to containers, images, volumes and settings, the advised one marked. Decides nothing.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { repairSubjects } from '../../../preload/contract';
import type { RepairFate, Rung, RungName } from '../../../preload/contract';
import { StateMark } from '../../ui/state-mark';
import css from './repair.module.css';

interface LadderTableProps {
  readonly rungs: readonly Rung[];
  readonly running: RungName | undefined;
  readonly onChoose: (name: RungName) => void;
}

const KEEPS: readonly RepairFate[] = ['runs', 'kept'];
const COLOUR: Partial<Record<RepairFate, string>> = { restart: 't2', stop: 't2', export: 't2', aside: 'c-warn', lastGood: 'c-warn' };

export function LadderTable({ rungs, running, onChoose }: LadderTableProps): ReactNode {
  const { t } = useTranslation('repair');
  return (
    <table className={css['ladder']} aria-label={t('title')}>
      <thead>
        <tr>
          <th className={css['rail']}>
            <span className="sr">{t('column.step')}</span>
          </th>
          <th scope="col">{t('lead')}</th>
          <th scope="col" className={css['time']}>
            {t('column.time')}
          </th>
          {repairSubjects.map((subject) => (
            <th key={subject} scope="col" className={css['fate']}>
              {t(`column.${subject}`)}
            </th>
          ))}
          <th className={css['do']}>
            <span className="sr">{t('column.do')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rungs.map((rung, index) => (
          <RungRow key={rung.name} rung={rung} number={index + 1} running={running} onChoose={onChoose} />
        ))}
      </tbody>
    </table>
  );
}

interface RungRowProps extends Pick<LadderTableProps, 'running' | 'onChoose'> {
  readonly rung: Rung;
  readonly number: number;
}

function RungRow({ rung: { name, fates, seconds, obstacle, recommended }, number, running, onChoose }: RungRowProps): ReactNode {
  const { t } = useTranslation('repair');
  const danger = name === 'reset';
  return (
    <tr data-advised={recommended || undefined}>
      <td className={css['rail']}>
        <b>{number}</b>
        <i />
      </td>
      <th scope="row" className={css['name']}>
        <b className={recommended ? 'strong' : 'med'}>{t(`rung.${name}.title`)}</b>
        {recommended ? <span className="badge acc">{t('recommended')}</span> : null}
        <p>{t(`rung.${name}.text`)}</p>
      </th>
      <td className={css['time']}>{seconds === undefined ? t('dependsOnSize') : t('seconds', { seconds })}</td>
      {repairSubjects.map((subject) => (
        <td key={subject} className={css['fate']}>
          <Fate fate={fates[subject]} />
        </td>
      ))}
      <td className={css['do']}>
        <Button
          {...(recommended ? { variant: 'filled' } : {})}
          {...(danger ? { variant: 'outline', color: 'bad' } : {})}
          aria-label={`${t(`rung.${name}.title`)}: ${t(`rung.${name}.do`)}`}
          loading={running === name}
          disabled={obstacle !== undefined || running !== undefined}
          title={obstacle === undefined ? undefined : t(`why.${obstacle}`)}
          onClick={() => onChoose(name)}
        >
          {t(`rung.${name}.do`)}
        </Button>
      </td>
    </tr>
  );
}

function Fate({ fate }: { readonly fate: RepairFate }): ReactNode {
  const { t } = useTranslation('repair');
  return KEEPS.includes(fate) ? (
    <span className={`c-run ${css['kept'] ?? ''}`}>
      <StateMark kind="pass" />
      {t(`fate.${fate}`)}
    </span>
  ) : (
    <span className={COLOUR[fate]}>{t(`fate.${fate}`)}</span>
  );
}
