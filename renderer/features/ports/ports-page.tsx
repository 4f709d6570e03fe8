// The port board: every published port as it stands on the host, with its figures, its trouble and its probe.
import { Button } from '@mantine/core';
import { IconActivity, IconRefresh } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { useStream } from '../../state/use-stream';
import { SkeletonRows } from '../../ui/delayed';
import { EmptyState } from '../../ui/empty-state';
import { AwayLine, EngineOff } from '../../ui/engine-away';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import tableCss from '../../ui/table.module.css';
import { FilterTabs, ListSearch } from '../../ui/list-toolbar';
import { ForwardRow } from './forward-row';
import { countsOf, filters, isIn, keyOf, linesOf, searchFor } from './model';
import type { Filter } from './model';
import { PortSettings } from './port-settings';
import css from './ports.module.css';
import { ProbePanel } from './probe-panel';
import { useProbes } from './use-probes';

const columns = ['address', 'protocol', 'container', 'connections', 'received', 'sent', 'state'] as const;
const figures: ReadonlySet<string> = new Set(['connections', 'received', 'sent']);

export function PortsPage(): ReactNode {
  const { t } = useTranslation('ports');
  const engine = useStore((s) => s.engine);
  const forwards = useStream('ports.changes');
  const probes = useProbes();
  const reconnect = useCall('ports.reconnect');
  const table = useRef<HTMLTableElement>(null);
  const [filter, setFilter] = useState<Filter>('all');
  const [query, setQuery] = useState('');
  const [selected, setSelected] = useState<string>();
  const lines = useMemo(() => linesOf(forwards ?? [], engine.containers), [forwards, engine.containers]);
  const shown = useMemo(() => {
    const found = searchFor(query);
    return lines.filter((line) => isIn(filter, line) && found(line));
  }, [lines, filter, query]);
  const away = engine.status !== 'ready';

  if (!engine.known || forwards === undefined) {
    return engine.status === 'away' ? <EngineOff /> : <SkeletonRows rows={6} widths={[160, 40, 160, 40, 60, 60]} />;
  }
  const chosen = lines.find(({ key }) => key === selected);
  const probe = (line: (typeof lines)[number]): void => {
    setSelected(line.key);
    void probes.run(line.forward);
  };
  return (
    <div className={away ? 'split lists away' : 'split lists'} data-panel={chosen !== undefined || undefined}>
      <section>
        {away && <AwayLine at={engine.at} />}
        <div className="toolbar">
          <FilterTabs
            label={t('filter.label')}
            filters={filters}
            text={(each) => t(`filter.${each}`)}
            counts={countsOf(lines)}
            value={filter}
            onChange={setFilter}
          />
          <ListSearch label={t('search')} value={query} onChange={setQuery} onLeave={() => table.current?.querySelector('a')?.focus()} />
          <span className="end" />
          <Button
            variant="subtle"
            leftSection={<Icon of={IconRefresh} small />}
            disabled={away}
            loading={reconnect.pending}
            onClick={() => void reconnect.run({})}
          >
            {t('reconnect')}
          </Button>
          <Button
            leftSection={<Icon of={IconActivity} small />}
            disabled={away || lines.length === 0}
            onClick={() => lines.forEach(({ forward }) => void probes.run(forward))}
          >
            {t('probe.all')}
          </Button>
        </div>
        {reconnect.error !== undefined && <ErrorNotice error={reconnect.error} onDismiss={reconnect.reset} />}
        {shown.length === 0 ? (
          <EmptyState
            title={t(lines.length === 0 ? 'empty.title' : 'empty.filtered')}
            text={t(lines.length === 0 ? 'empty.text' : 'empty.filteredText', { total: lines.length })}
            {...(lines.length === 0 ? { command: 'docker run -d -p 8080:80 nginx' } : {})}
          />
        ) : (
          <div className={tableCss['scroll']}>
            <table ref={table} className={`${tableCss['table'] ?? ''} ${css['board'] ?? ''}`} aria-label={t('label')}>
              <thead>
                <tr>
                  {columns.map((column) => (
                    <th key={column} scope="col" data-column={column} className={figures.has(column) ? tableCss['end'] : undefined}>
                      {t(`column.${column}`)}
                    </th>
                  ))}
                  <th data-column="actions">
                    <span className="sr">{t('column.actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((line) => (
                  <ForwardRow
                    key={line.key}
                    line={line}
                    probe={probes.of[keyOf(line.forward)]}
                    selected={line.key === selected}
                    onProbe={() => probe(line)}
                  />
                ))}
              </tbody>
            </table>
            <p className="below t3 s">{t('note')}</p>
          </div>
        )}
        <PortSettings />
      </section>
      {chosen !== undefined && (
        <ProbePanel forward={chosen.forward} probe={probes.of[keyOf(chosen.forward)]} onProbe={() => probe(chosen)} />
      )}
    </div>
  );
}
