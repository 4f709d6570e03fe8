// The list of images: pull, load, run from a row, remove. Pulls go on in the backend when the page is left.
import { Button, Menu } from '@mantine/core';
import { IconCopy, IconDots, IconDownload, IconFileImport, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { navigate } from '../../routes';
import { useStore } from '../../state/context';
import { EmptyState } from '../../ui/empty-state';
import { Icon } from '../../ui/icon';
import { ListPage, SelectionBar, useList } from '../../ui/list-page';
import { FilterTabs, ListSearch } from '../../ui/list-toolbar';
import { Table } from '../../ui/table';
import { RowAction } from '../../ui/table-action';
import { RowMenuView } from '../../ui/table-menu';
import { useCopy } from '../../ui/use-copy';
import { useColumns } from './columns';
import { PullDialog, RemoveImageDialog } from './dialogs';
import styles from './images.module.css';
import { countsOf, filters, imageRows, isIn, searchFor, shortId, sizesOf } from './model';
import { TaskCards } from './task-cards';
import { useLoad } from './use-load';
import { useRemoveImages } from './use-remove';
import type { ReactNode } from 'react';
import type { Filter, ImageRow } from './model';

const rowId = ({ id }: ImageRow): string => id;
const rowName = ({ id, image }: ImageRow): string => (image.tags.length === 0 ? shortId(image.id) : id);
const tone = ({ image }: ImageRow): 'off' | undefined => (image.dangling ? 'off' : undefined);
const initialSort = { id: 'repository', desc: false };

export function runRow({ id }: ImageRow): void {
  navigate(`#/run?${new URLSearchParams({ image: id, from: 'images' }).toString()}`);
}

export function ImagesPage(): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  const engine = useStore((state) => state.engine);
  const [pulling, setPulling] = useState(false);
  const remove = useRemoveImages();
  const load = useLoad();
  const drop = useDrop(load.add);

  const images = useMemo(
    () => engine.imageIds.map((id) => engine.images[id]).filter((each) => each !== undefined),
    [engine.imageIds, engine.images],
  );
  const all = useMemo(() => imageRows(images), [images]);
  const counts = useMemo(() => countsOf(all), [all]);
  const list = useList<ImageRow, Filter>({ label: t('table.label'), all, rowId, everything: 'all', isIn, searchFor });
  const { away, chosen, menu, removing, setRemoving } = list;
  const columns = useColumns(useMemo(() => images.some(({ platform }) => platform !== undefined), [images]));
  const openMenu = menu.open;
  const actions = useCallback(
    (row: ImageRow) => (
      <>
        <span data-rest>
          <RowAction
            icon={IconTrash}
            label={t('action.of', { action: t('action.remove'), name: rowName(row) })}
            title={t('action.remove')}
            disabled={away}
            onClick={() => {
              setRemoving([row]);
            }}
          />
        </span>
        <RowAction
          icon={IconPlayerPlay}
          label={t('action.of', { action: t('action.run'), name: rowName(row) })}
          title={t('action.run')}
          disabled={away}
          onClick={() => {
            runRow(row);
          }}
        />
        <RowAction
          icon={IconDots}
          label={t('action.of', { action: t('action.more'), name: rowName(row) })}
          title={t('action.more')}
          hasMenu
          onClick={(button) => {
            openMenu(row, button);
          }}
        />
      </>
    ),
    [t, away, openMenu, setRemoving],
  );

  const sizes = sizesOf(images);
  return (
    <ListPage skeleton={[15, 200, 80, 70, 80]} {...drop.handlers}>
      <div className="toolbar">
        <FilterTabs
          label={t('filter.label')}
          filters={filters}
          text={(each) => t(`filter.${each}`)}
          counts={counts}
          value={list.filter}
          onChange={list.setFilter}
        />
        <ListSearch label={t('search')} value={list.query} onChange={list.setQuery} onLeave={list.focus} />
        <span className="t3 s hide-n ell">
          {images.length > 0 && t('sizes', { total: format.bytes(sizes.total), unused: format.bytes(sizes.unused) })}
        </span>
        <span className="end" />
        <LoadButton disabled={away} onFiles={load.add} />
        <Button
          variant="filled"
          leftSection={<Icon of={IconDownload} small />}
          disabled={away}
          onClick={() => {
            setPulling(true);
          }}
        >
          {t('pull.button')}
        </Button>
      </div>
      <TaskCards load={load} />
      {list.table.rows.length === 0 ? (
        <EmptyState
          title={t(all.length === 0 ? 'empty.title' : 'empty.filtered')}
          text={t(all.length === 0 ? 'empty.text' : 'empty.filteredText', { total: all.length })}
          {...(all.length === 0 ? { command: 'docker pull nginx' } : {})}
        />
      ) : (
        <Table
          {...list.table}
          rowName={rowName}
          columns={columns}
          initialSort={initialSort}
          tone={tone}
          actions={actions}
          actionsWidth={120}
          onOpen={runRow}
          onKey={(row, event) => {
            if (event.key === 'Delete' && !away) {
              setRemoving(list.meant(row));
              return true;
            }
            return false;
          }}
        />
      )}
      {chosen.length > 0 && (
        <SelectionBar count={chosen.length} onClear={list.clear}>
          <Button
            variant="subtle"
            leftSection={<Icon of={IconTrash} small />}
            disabled={away}
            onClick={() => {
              setRemoving(chosen);
            }}
          >
            {t('action.removeMany')}
          </Button>
        </SelectionBar>
      )}
      <RowMenuView menu={menu} items={(row) => <ImageMenu row={row} disabled={away} onRemove={setRemoving} />} />
      {pulling && (
        <PullDialog
          onClose={() => {
            setPulling(false);
          }}
        />
      )}
      {removing !== undefined && (
        <RemoveImageDialog
          rows={removing}
          onClose={() => {
            setRemoving(undefined);
          }}
          onConfirm={(rows, force) => {
            setRemoving(undefined);
            void remove(rows, force);
            list.focus();
          }}
        />
      )}
      {drop.over && <div className={styles.drop}>{t('load.drop')}</div>}
    </ListPage>
  );
}

function ImageMenu({
  row,
  disabled,
  onRemove,
}: {
  readonly row: ImageRow;
  readonly disabled: boolean;
  readonly onRemove: (rows: readonly ImageRow[]) => void;
}): ReactNode {
  const { t } = useTranslation('images');
  const { copy } = useCopy();
  return (
    <>
      <Menu.Item
        leftSection={<Icon of={IconPlayerPlay} small />}
        disabled={disabled}
        onClick={() => {
          runRow(row);
        }}
      >
        {t('action.run')}
      </Menu.Item>
      <Menu.Item
        leftSection={<Icon of={IconCopy} small />}
        onClick={() => {
          copy(rowName(row));
        }}
      >
        {t('action.copyName')}
      </Menu.Item>
      <Menu.Item
        leftSection={<Icon of={IconCopy} small />}
        onClick={() => {
          copy(row.image.id);
        }}
      >
        {t('action.copyId')}
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item
        leftSection={<Icon of={IconTrash} small />}
        data-danger
        disabled={disabled}
        onClick={() => {
          onRemove([row]);
        }}
      >
        {t('action.removeMany')}
      </Menu.Item>
    </>
  );
}

function LoadButton({ disabled, onFiles }: { readonly disabled: boolean; readonly onFiles: (files: readonly File[]) => void }): ReactNode {
  const { t } = useTranslation('images');
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept=".tar,.tgz,.gz,.xz,.zst,application/x-tar"
        aria-label={t('load.button')}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      <Button variant="subtle" leftSection={<Icon of={IconFileImport} small />} disabled={disabled} onClick={() => input.current?.click()}>
        {t('load.button')}
      </Button>
    </>
  );
}

/** Files dropped anywhere on the page. */
function useDrop(onFiles: (files: readonly File[]) => void): {
  readonly over: boolean;
  readonly handlers: Record<string, (event: React.DragEvent) => void>;
} {
  const [depth, setDepth] = useState(0);
  const hasFiles = (event: React.DragEvent): boolean => event.dataTransfer.types.includes('Files');
  return {
    over: depth > 0,
    handlers: {
      onDragEnter: (event) => {
        setDepth((old) => old + (hasFiles(event) ? 1 : 0));
      },
      onDragLeave: (event) => {
        setDepth((old) => Math.max(0, old - (hasFiles(event) ? 1 : 0)));
      },
      onDragOver: (event) => {
        if (hasFiles(event)) {
          event.preventDefault();
        }
      },
      onDrop: (event) => {
        event.preventDefault();
        setDepth(0);
        onFiles([...event.dataTransfer.files]);
      },
    },
  };
}
