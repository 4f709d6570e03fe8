// The shared folders: the list with what is wrong in place, sharing another one, the chosen one beside it, and at the foot how they are served.
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate, useRoute } from '../../../routes';
import { useStore } from '../../../state/context';
import { useStream } from '../../../state/use-stream';
import { SkeletonRows } from '../../../ui/delayed';
import { EmptyState } from '../../../ui/empty-state';
import { ErrorNotice } from '../../../ui/error-notice';
import { Icon } from '../../../ui/icon';
import table from '../../../ui/table.module.css';
import { AddForm } from './add-form';
import { DriverChoice } from './driver-choice';
import { SharePanel } from './share-panel';
import { ShareRow } from './share-row';
import css from './shares.module.css';

const columns = ['folder', 'access', 'usedBy', 'files', 'state'] as const;

export function SharesPage(): ReactNode {
  const { t } = useTranslation('shares');
  const { query } = useRoute();
  const status = useStream('shares.changes');
  const byDefault = useStore((s) => s.settings?.shares.folders === null);
  const [selected, setSelected] = useState<string>();
  const adding = query.get('do') === 'add';

  if (status === undefined) {
    return <SkeletonRows rows={4} widths={[220, 80, 120, 80, 80]} />;
  }
  const { shares, driver, warning } = status;
  const chosen = shares.find(({ path }) => path === selected) ?? shares[0];
  return (
    <div className="split lists" data-panel={chosen !== undefined || undefined}>
      <section>
        <div className={css['head']}>
          <p>{t(byDefault ? 'default' : 'lead')}</p>
          {adding ? null : (
            <Button variant="filled" leftSection={<Icon of={IconPlus} small />} onClick={() => navigate('#/settings/shares?do=add')}>
              {t('add.open')}
            </Button>
          )}
        </div>
        {adding ? (
          <AddForm
            onAdded={(path) => {
              setSelected(path);
              navigate('#/settings/shares');
            }}
            onClose={() => navigate('#/settings/shares')}
          />
        ) : null}
        {warning === undefined ? null : (
          <div className={css['warning']}>
            <ErrorNotice error={warning} level="warn" />
          </div>
        )}
        {shares.length === 0 ? (
          <EmptyState title={t('empty.title')} text={t('empty.text')} command="berth shares add ." />
        ) : (
          <div className={table['scroll']}>
            <table className={`${table['table'] ?? ''} ${css['list'] ?? ''}`} aria-label={t('label')}>
              <thead>
                <tr>
                  {columns.map((column) => (
                    <th key={column} scope="col" data-column={column} className={column === 'files' ? table['end'] : undefined}>
                      {t(`column.${column}`)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shares.map((share) => (
                  <ShareRow
                    key={share.path}
                    share={share}
                    selected={share.path === chosen?.path}
                    onSelect={() => setSelected(share.path)}
                  />
                ))}
              </tbody>
            </table>
            <p className="below t3 s">{t('note')}</p>
          </div>
        )}
        <DriverChoice status={status} />
      </section>
      {chosen === undefined ? null : <SharePanel key={chosen.path} share={chosen} driver={driver} />}
    </div>
  );
}
