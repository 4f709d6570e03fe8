// Above the table: which containers are shown, and the two ways to a new one.
import { Button } from '@mantine/core';
import { IconClipboard, IconPlus, IconStack2 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../../routes';
import { Icon } from '../../ui/icon';
import { FilterTabs, ListSearch } from '../../ui/list-toolbar';
import styles from './containers.module.css';
import { filters } from './state';
import type { ReactNode } from 'react';
import type { Filter } from './state';

interface ToolbarProps {
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
  readonly counts: Readonly<Record<Filter, number>>;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  /** Undefined where nothing belongs to a project. */
  readonly grouped: boolean | undefined;
  readonly onGrouped: (grouped: boolean) => void;
  /** From the search down into the table. */
  readonly onLeave: () => void;
  readonly canRun: boolean;
}

export function Toolbar({ filter, onFilter, counts, query, onQuery, grouped, onGrouped, onLeave, canRun }: ToolbarProps): ReactNode {
  const { t } = useTranslation('containers');
  return (
    <div className="toolbar">
      <FilterTabs
        label={t('filter.label')}
        filters={filters}
        text={(each) => t(`filter.${each}`)}
        counts={counts}
        value={filter}
        onChange={onFilter}
      />
      <ListSearch label={t('search')} value={query} onChange={onQuery} onLeave={onLeave} />
      {grouped !== undefined && (
        <Button
          variant="subtle"
          className={styles.toggle}
          aria-pressed={grouped}
          leftSection={<Icon of={IconStack2} small />}
          onClick={() => {
            onGrouped(!grouped);
          }}
        >
          {t('byProject')}
        </Button>
      )}
      <span className="end" />
      <Button
        className="hide-n"
        leftSection={<Icon of={IconClipboard} small />}
        disabled={!canRun}
        onClick={() => {
          navigate('#/run?paste=1');
        }}
      >
        {t('paste')}
      </Button>
      <Button
        variant="filled"
        leftSection={<Icon of={IconPlus} small />}
        disabled={!canRun}
        onClick={() => {
          navigate('#/run');
        }}
      >
        {t('run')}
      </Button>
    </div>
  );
}
