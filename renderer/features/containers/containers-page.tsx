// The list of containers: what is shown, what is selected, and where its clicks and keys lead. Rows draw themselves.
import { Button } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate } from '../../routes';
import { useActions, useStore } from '../../state/context';
import { EmptyState } from '../../ui/empty-state';
import { ListPage, useList } from '../../ui/list-page';
import { Table } from '../../ui/table';
import { RowMenuView } from '../../ui/table-menu';
import { BulkBar, BulkReport } from './bulk';
import { useColumns, useGrouping } from './columns';
import { RemoveContainers } from './remove-dialog';
import { MoreItems, RowActions } from './row-actions';
import { countsOf, firstVerb, isIn, isUp, searchFor } from './state';
import { Toolbar } from './toolbar';
import { useStored } from '../../ui/use-stored';
import { useReport, useVerbs } from './verbs';
import type { KeyboardEvent, ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';
import type { Filter } from './state';
import type { BulkResult, Verb } from './verbs';

const actionsWidth = 120;
const rowId = ({ id }: ContainerSummary): string => id;
const rowName = ({ name }: ContainerSummary): string => name;
const tone = (container: ContainerSummary): 'off' | undefined => (isUp(container) ? undefined : 'off');

export function ContainersPage(): ReactNode {
  const { t } = useTranslation('containers');
  const engine = useStore((state) => state.engine);
  const actions = useActions();
  const verbs = useVerbs();
  const [groupedByUser, setGrouped] = useStored('berth.containers.grouped', true);
  const [failed, setFailed] = useState<BulkResult>();
  const report = useReport(setFailed);

  const all = useMemo(
    () => engine.containerIds.map((id) => engine.containers[id]).filter((each) => each !== undefined),
    [engine.containerIds, engine.containers],
  );
  const counts = useMemo(() => countsOf(all), [all]);
  const list = useList<ContainerSummary, Filter>({ label: t('table.label'), all, rowId, everything: 'all', isIn, searchFor });
  const { away, chosen, menu, removing, setRemoving } = list;
  const hasProjects = useMemo(() => all.some(({ project }) => project !== undefined), [all]);
  const grouped = hasProjects && groupedByUser;

  const onVerb = useCallback(
    (verb: Verb, containers: readonly ContainerSummary[]) => {
      if (verb === 'removing') {
        setRemoving(containers);
      } else {
        void verbs.many(verb, containers).then(report);
      }
    },
    [verbs, report, setRemoving],
  );
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
    list.focus();
  };

  const columns = useColumns(grouped);
  const grouping = useGrouping(grouped, away, onVerb);
  const rowActions = useCallback((container: ContainerSummary) => <RowActions container={container} onMenu={menu.open} />, [menu.open]);
  const onKey = (container: ContainerSummary, event: KeyboardEvent): boolean => {
    const many = list.meant(container);
    switch (event.key.toLowerCase()) {
      case 's':
        if (!away && many.length > 1) {
          onVerb(
            firstVerb(container),
            many.filter((each) => firstVerb(each) === firstVerb(container)),
          );
        } else if (!away) {
          verbs.first(container);
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

  return (
    <ListPage skeleton={[15, 160, 180, 60, 90, 80]}>
      {all.length > 0 && (
        <Toolbar
          filter={list.filter}
          onFilter={list.setFilter}
          counts={counts}
          query={list.query}
          onQuery={list.setQuery}
          grouped={hasProjects ? groupedByUser : undefined}
          onGrouped={setGrouped}
          onLeave={list.focus}
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
      {list.table.rows.length === 0 ? (
        <NothingHere total={all.length} onShowAll={list.showAll} />
      ) : (
        <Table
          {...list.table}
          rowName={rowName}
          columns={columns}
          initialSort={initialSort}
          grouping={grouping}
          tone={tone}
          actions={rowActions}
          actionsWidth={actionsWidth}
          onOpen={(container) => {
            navigate(href('containers', container.id));
          }}
          onKey={onKey}
        />
      )}
      {chosen.length > 0 && <BulkBar containers={chosen} disabled={away} onVerb={onVerb} onClear={list.clear} />}
      <RowMenuView
        menu={menu}
        items={(container) => (
          <MoreItems
            container={engine.containers[container.id] ?? container}
            onRemove={(one) => {
              setRemoving([one]);
            }}
          />
        )}
      />
      {removing !== undefined && (
        <RemoveContainers
          containers={removing}
          onClose={() => {
            setRemoving(undefined);
          }}
          onConfirm={onRemoveConfirmed}
        />
      )}
    </ListPage>
  );
}

const initialSort = { id: 'name', desc: false };

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
