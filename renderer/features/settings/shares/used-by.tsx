// The running containers that bind something of a folder, each with the way to it.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { href } from '../../../routes';
import { useStore } from '../../../state/context';
import { StateMark } from '../../../ui/state-mark';
import css from './shares.module.css';

export function UsedBy({ names }: { readonly names: readonly string[] }): ReactNode {
  const { t } = useTranslation('shares');
  const ids = useStore(
    useShallow((s) => names.map((name) => Object.values(s.engine.containers).find((container) => container.name === name)?.id)),
  );
  return (
    <>
      <h3 className={css['sub']}>{t('panel.usedBy')}</h3>
      {names.length === 0 ? (
        <p className="hint">{t('panel.unused')}</p>
      ) : (
        <ul className={css['users']}>
          {names.map((name, index) => (
            <li key={name} className="ell">
              <StateMark kind="run" /> {ids[index] === undefined ? name : <a href={href('containers', ids[index])}>{name}</a>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
