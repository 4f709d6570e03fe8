// What Berth takes besides the data disk.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiskFile } from '../../../preload/contract';
import { useFormat } from '../../format';
import css from './disk.module.css';

export function OtherFiles({ files }: { readonly files: readonly DiskFile[] }): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const shown = files.filter(({ kind }) => kind !== 'oldDisk');
  if (shown.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="disk-others">
      <h2 id="disk-others">{t('others')}</h2>
      <table className={css['table']}>
        <tbody>
          {shown.map(({ kind, path, hostBytes }) => (
            <tr key={path}>
              <th scope="row">
                {t(`kind.${kind}`)} <code>{path}</code>
              </th>
              <td>{format.memory(hostBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
