// The list of containers: what is shown, what is selected, and where its clicks and keys lead. Rows draw themselves.
import { Button } from '@mantine/core';
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate } from '../../routes';
import { useActions, useStore } from '../../state/context';
import { SkeletonRows } from '../../ui/delayed';
import { EmptyState } from '../../ui/empty-state';
import { ErrorNotice } from '../../ui/error-notice';
import { Table } from '../../ui/table';
import { RowMenuView, useRowMenu } from '../../ui/table-menu';
import { present } from '../../ui/table-model';
import { AwayLine, EngineOff } from '../../ui/engine-away';
import { BulkBar, BulkReport } from './bulk';
import { useColumns, useGrouping } from './columns';
import { RemoveDialog } from './remove-dialog';
import { MoreItems, RowActions } from './row-actions';
import { countsOf, isIn, isUp, searchFor } from './state';
import { Toolbar } from './toolbar';
import { useStored } from '../../ui/use-stored';
import { useReport, useVerbs } from './verbs';
import type { KeyboardEvent, ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';
import type { TableHandle } from '../../ui/table';
import type { Selection } from '../../ui/table-model';
import type { Filter } from './state';
import type { BulkResult, Verb } from './verbs';

const actionsWidth = 120;
const bulkRoom = 76;
const rowId = ({ id }: ContainerSummary): string => id;
const rowName = ({ name }: ContainerSummary): string => name;
const tone = (container: ContainerSummary): 'off' | undefined => (isUp(container) ? undefined : 'off');

export function ContainersPage(): ReactNode {
  const { t } = useTranslation('containers');
  const engine = useStore((state) => state.engine);
  const errors = useStore((state) => state.ui.errors);
  const actions = useActions();
  const verbs = useVerbs();
  const table = useRef<TableHandle>(null);

  const [filter, setFilter] = useState<Filter>('all');
  const [query, setQuery] = useState('');
  const [groupedByUser, setGrouped] = useStored('berth.containers.grouped', true);
  const [selection, setSelection] = useState<Selection>(new Set());
  const [removing, setRemoving] = useState<readonly ContainerSummary[]>();
  const [failed, setFailed] = useState<BulkResult>();
  const report = useReport(setFailed);
  const menu = useRowMenu<ContainerSummary>();

  const all = useMemo(
    () => engine.containerIds.map((id) => engine.containers[id]).filter((each) => each !== undefined),
    [engine.containerIds, engine.containers],
  );
  const counts = useMemo(() => countsOf(all), [all]);
  const wanted = useDeferredValue(query);
  const rows = useMemo(() => {
    const found = searchFor(wanted);
    return all.filter((container) => isIn(filter, container) && found(container));
  }, [all, filter, wanted]);
  const hasProjects = useMemo(() => all.some(({ project }) => project !== undefined), [all]);
  const grouped = hasProjects && groupedByUser;
  const away = engine.status !== 'ready';

  const onVerb = useCallback(
    (verb: Verb, containers: readonly ContainerSummary[]) => {
      if (verb === 'removing') {
        setRemoving(containers);
      } else {
        void verbs.many(verb, containers).then(report);
      }
    },
    [verbs, report],
  );
  const onRemove = useCallback((container: ContainerSummary) => {
    setRemoving([container]);
  }, []);
  const onRemoveConfirmed = (containers: readonly ContainerSummary[], volumes: boolean): void => {
    setRemoving(undefined);
    if (containers.length === 1) {
      // One row tells its own failure in its place.
      for (const container of containers) {
        void actions.removeContainer(container.id, { force: isUp(container), volumes });
      }
    } else {
      void verbs.remove(containers, volumes).then(report);
    }
    table.current?.focus();
  };

  const columns = useColumns(grouped);
  const grouping = useGrouping(grouped, away, onVerb);
  const rowActions = useCallback((container: ContainerSummary) => <RowActions container={container} onMenu={menu.open} />, [menu.open]);
  const noticed = useCallback((id: string) => errors[id] !== undefined, [errors]);
  const texts = useMemo(
    () => ({
      label: t('table.label'),
      selectAll: t('table.selectAll'),
      selectRow: (name: string) => t('table.selectRow', { name }),
      actions: t('table.actions'),
    }),
    [t],
  );

  const onKey = (container: ContainerSummary, event: KeyboardEvent): boolean => {
    const chosen = present(selection, engine.containerIds);
    const many = chosen.length > 1 && selection.has(container.id) ? chosen.flatMap((id) => engine.containers[id] ?? []) : [container];
    switch (event.key.toLowerCase()) {
      case 's':
        if (!away && many.length > 1) {
          onVerb(
            isUp(container) ? 'stopping' : 'starting',
            many.filter((each) => isUp(each) === isUp(container)),
          );
        } else if (!away) {
          verbs.startOrStop(container);
        }
        return true;
      case 'r':
        if (!away) {
          many.forEach(verbs.restart);
        }
        return true;
      case 'delete':
        if (!away) {
          setRemoving(many);
        }
        return true;
      case 'l':
      case 't':
      case 'i':
        navigate(href('containers', container.id, { l: 'logs', t: 'terminal', i: 'inspect' }[event.key.toLowerCase()] ?? 'overview'));
        return true;
      default:
        return false;
    }
  };

  if (!engine.known) {
    return engine.status === 'away' ? <EngineOff /> : <SkeletonRows rows={8} widths={[15, 160, 180, 60, 90, 80]} />;
  }
  const chosen = present(selection, engine.containerIds).flatMap((id) => engine.containers[id] ?? []);
  return (
    <div className={away ? 'page away' : 'page'}>
      {away && <AwayLine at={engine.at} />}
      {all.length > 0 && (
        <Toolbar
          filter={filter}
          onFilter={setFilter}
          counts={counts}
          query={query}
          onQuery={setQuery}
          grouped={hasProjects ? groupedByUser : undefined}
          onGrouped={setGrouped}
          onLeave={() => table.current?.focus()}
          canRun={!away}
        />
      )}
      {failed !== undefined && (
        <BulkReport
          result={failed}
          onDismiss={() => {
            setFailed(undefined);
          }}
        />
      )}
      {rows.length === 0 ? (
        <NothingHere
          total={all.length}
          onShowAll={() => {
            setFilter('all');
            setQuery('');
          }}
        />
      ) : (
        <Table
          ref={table}
          texts={texts}
          rows={rows}
          rowId={rowId}
          rowName={rowName}
          columns={columns}
          initialSort={initialSort}
          grouping={grouping}
          tone={tone}
          actions={rowActions}
          actionsWidth={actionsWidth}
          selection={selection}
          onSelection={setSelection}
          onOpen={(container) => {
            navigate(href('containers', container.id));
          }}
          onKey={onKey}
          noticed={noticed}
          notice={({ id }) => <RowNotice id={id} />}
          paddingEnd={chosen.length > 0 ? bulkRoom : 0}
        />
      )}
      {chosen.length > 0 && (
        <BulkBar
          containers={chosen}
          disabled={away}
          onVerb={onVerb}
          onClear={() => {
            setSelection(new Set());
          }}
        />
      )}
      <RowMenuView
        menu={menu}
        items={(container) => <MoreItems container={engine.containers[container.id] ?? container} onRemove={onRemove} />}
      />
      {removing !== undefined && (
        <RemoveDialog
          containers={removing}
          onClose={() => {
            setRemoving(undefined);
          }}
          onConfirm={onRemoveConfirmed}
        />
      )}
    </div>
  );
}

const initialSort = { id: 'name', desc: false };

function RowNotice({ id }: { readonly id: string }): ReactNode {
  const error = useStore((state) => state.ui.errors[id]);
  const actions = useActions();
  return (
    error !== undefined && (
      <ErrorNotice
        error={error}
        onDismiss={() => {
          actions.clearError(id);
        }}
      />
    )
  );
}

function NothingHere({ total, onShowAll }: { readonly total: number; readonly onShowAll: () => void }): ReactNode {
  const { t } = useTranslation('containers');
  if (total > 0) {
    return (
      <EmptyState
        title={t('empty.filtered')}
        text={t('empty.filteredText', { total })}
        actions={<Button onClick={onShowAll}>{t('empty.showAll')}</Button>}
      />
    );
  }
  const go = (target: string) => () => {
    navigate(target);
  };
  return (
    <EmptyState
      title={t('empty.title')}
      text={t('empty.text')}
      command="docker run -d -p 8080:80 nginx"
      actions={
        <>
          <Button variant="filled" onClick={go('#/run?paste=1')}>
            {t('empty.paste')}
          </Button>
          <Button onClick={go('#/images')}>{t('empty.images')}</Button>
        </>
      }
    />
  );
}
