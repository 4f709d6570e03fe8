// One shared folder in the list: its name and place, what containers may do there, who uses it, how it stands.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Share } from '../../../../preload/contract';
import { ErrorNotice } from '../../../ui/error-notice';
import { StateMark } from '../../../ui/state-mark';
import table from '../../../ui/table.module.css';
import { isFull, marks, nameOf, troubleOf } from './model';
import css from './shares.module.css';

interface ShareRowProps {
  readonly share: Share;
  readonly selected: boolean;
  readonly onSelect: () => void;
}

const TONES: Readonly<Partial<Record<Share['state'], string>>> = { missing: 'c-bad', failed: 'c-bad', restart: 'c-warn' };

export function ShareRow({ share, selected, onSelect }: ShareRowProps): ReactNode {
  const { t, i18n } = useTranslation('shares');
  const { path, readOnly, state, usedBy, files } = share;
  const trouble = troubleOf(share);
  return (
    <>
      <tr className={table['row']} aria-selected={selected} data-state={state} data-path={path} onClick={onSelect}>
        <td title={path}>
          <span className={css['place']}>
            <StateMark kind={marks[state]} />
            <button type="button" className={css['name']} onClick={onSelect}>
              <b>{nameOf(path)}</b>
              <code>{path}</code>
            </button>
          </span>
        </td>
        <td className={readOnly ? undefined : 't2'}>{t(readOnly ? 'readOnly' : 'readWrite')}</td>
        <td className="t2" title={usedBy.join(', ')}>
          {usedBy.length === 0 ? '–' : usedBy.length === 1 ? usedBy[0] : t('used', { count: usedBy.length })}
        </td>
        <td className={`${table['end'] ?? ''} ${files !== undefined && isFull(files) ? 'c-warn' : 't2'}`}>
          {files === undefined ? '–' : files.open.toLocaleString(i18n.language)}
        </td>
        <td className={TONES[state] ?? 't2'}>{t(`state.${state}`)}</td>
      </tr>
      {trouble === undefined ? null : (
        <tr className={table['notice']}>
          <td colSpan={5}>
            <ErrorNotice error={trouble} level={TONES[state] === 'c-bad' ? 'error' : 'warn'} />
          </td>
        </tr>
      )}
    </>
  );
}
