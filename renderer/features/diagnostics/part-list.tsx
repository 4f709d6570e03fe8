// The parts of a report with their files: what is there, what is still asked, what could not be had.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiagnosticsPart } from '../../../preload/contract';
import { useFormat } from '../../format';
import { StateMark } from '../../ui/state-mark';
import css from './diagnostics.module.css';

const MARKS = { running: 'busy', done: 'pass', failed: 'fail', late: 'warn' } as const;

interface PartListProps {
  readonly parts: readonly DiagnosticsPart[];
  readonly chosen: string | undefined;
  readonly onChoose: (file: string) => void;
}

export function PartList({ parts, chosen, onChoose }: PartListProps): ReactNode {
  const { t } = useTranslation('diagnostics');
  const format = useFormat();
  return (
    <ul className={css['parts']} aria-label={t('parts')}>
      {parts.map(({ name, state, files, detail }) => (
        <li key={name}>
          <div className={css['part']}>
            <StateMark kind={MARKS[state]} label={t(`state.${state}`)} />
            <span>{t(`part.${name}`)}</span>
            <span className="t3 s">{state === 'late' ? t('late') : state === 'done' && files.length === 0 ? t('nothing') : ''}</span>
          </div>
          {state === 'failed' ? (
            <p className="t3 words s" lang="en">
              {detail}
            </p>
          ) : null}
          {files.map(({ file, bytes }) => (
            <button
              key={file}
              type="button"
              className={css['file']}
              aria-current={file === chosen ? 'true' : undefined}
              onClick={() => onChoose(file)}
            >
              <span>{file.slice(name.length + 1)}</span>
              <span className="t3">{format.bytes(bytes)}</span>
            </button>
          ))}
        </li>
      ))}
    </ul>
  );
}
