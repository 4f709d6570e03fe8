// Registry mirrors: the list for Docker Hub, prefix mirrors for the others, presets beside them. What is edited is a draft until it is applied.
import { Button, Drawer } from '@mantine/core';
import { IconActivity, IconBolt, IconClipboard, IconListDetails, IconPlus, IconX } from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DIRECT } from '../../../preload/contract';
import type { MirrorsState } from '../../../preload/contract';
import { navigate, useRoute } from '../../routes';
import { useActions, useStore } from '../../state/context';
import type { DraftMirror } from '../../state/slices/mirrors';
import { SkeletonRows } from '../../ui/delayed';
import { EmptyState } from '../../ui/empty-state';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import { FilterTabs } from '../../ui/list-toolbar';
import { ApplyBar } from './apply-bar';
import { addAll, adopt, insert, move, newKey, patch } from './draft';
import { ForceLine } from './force-line';
import { HubList } from './hub-list';
import { MirrorDialog } from './mirror-dialog';
import css from './mirrors.module.css';
import { useNames } from './names';
import { PasteDialog } from './paste-dialog';
import { PrefixTab } from './prefix-tab';
import { Presets } from './presets';
import { SetupDialog } from './setup-dialog';
import { useApply } from './use-apply';
import { useMirrorList } from './use-draft';
import { useEngineFirst } from './use-engine-first';
import { useLook } from './use-look';
import { useTests } from './use-tests';
import type { RowActions } from './mirror-row';
import type { Items } from './draft';
import type { ReactNode } from 'react';

const tabs = ['hub', 'other'] as const;
type Tab = (typeof tabs)[number];
type Open = { readonly kind: 'add' | 'paste' | 'setup' } | { readonly kind: 'edit'; readonly item: DraftMirror };

export function MirrorsPage(): ReactNode {
  const known = useStore((s) => s.mirrors.known);
  useLook();
  return known === undefined ? <SkeletonRows rows={5} widths={[24, 28, 160, 240]} /> : <Page known={known} />;
}

function Page({ known }: { readonly known: MirrorsState }): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const { query } = useRoute();
  const wanted = query.get('do');
  const appActions = useActions();
  const list = useMirrorList(known);
  const apply = useApply();
  const tests = useTests();
  const engine = useEngineFirst();
  const engineRuns = useStore((s) => s.vm.status?.state === 'running');
  const nameOf = useNames(known.presets);
  const tab: Tab = query.get('tab') === 'other' ? 'other' : 'hub';
  const [open, setOpen] = useState<Open>();
  const [drawer, setDrawer] = useState(false);
  const { items, edit } = list;
  const { run: runTests } = tests;
  const { first } = engine;
  const testing = Object.keys(tests.running).length > 0;

  const test = useCallback((urls: readonly string[]) => void first(() => void runTests(urls)), [first, runTests]);
  const testAll = useCallback(() => test([...items.map(({ url }) => url), DIRECT]), [test, items]);
  const remove = useCallback(
    (item: DraftMirror) => {
      let at = 0;
      edit((old) => {
        at = old.findIndex(({ key }) => key === item.key);
        return old.filter(({ key }) => key !== item.key);
      });
      appActions.toast(t('removed', { name: nameOf(item) }), () =>
        edit((old) => (old.some(({ url }) => url === item.url) ? old : insert(old, { ...item, key: newKey(old, item.key) }, at))),
      );
    },
    [edit, appActions, t, nameOf],
  );
  const rowActions = useMemo<RowActions>(
    () => ({
      toggle: (key, enabled) => edit((old) => patch(old, key, { enabled })),
      edit: (item) => setOpen({ kind: 'edit', item }),
      test: (url) => test([url]),
      moveTo: (key, place) => edit((old) => move(old, key, place)),
      remove,
    }),
    [edit, test, remove],
  );
  const add = useCallback((url: string, name: string) => edit((old) => addAll(old, [{ url, name, note: '', enabled: true }])), [edit]);
  useWanted(wanted, setOpen, testAll);

  const close = (): void => setOpen(undefined);
  const presets = <Presets known={known} items={items} onAdd={add} />;
  const empty = items.length === 0 && list.changes.total === 0;
  return (
    <div className={`split ${css['split'] ?? ''}`} data-alone={tab === 'other' || undefined}>
      <section className={css['main']}>
        <div className="toolbar">
          <FilterTabs
            label={t('tab.label')}
            filters={tabs}
            text={(each) => t(`tab.${each}`)}
            counts={{ hub: items.length, other: known.prefixes.length }}
            value={tab}
            onChange={(each) => navigate(each === 'hub' ? '#/mirrors' : '#/mirrors?tab=other')}
          />
          <span className="end" />
          {tab === 'hub' ? (
            <>
              {empty ? null : (
                <Tools
                  engineRuns={engineRuns}
                  starting={engine.starting}
                  testing={testing}
                  onTest={testAll}
                  onCancel={tests.cancel}
                  onOpen={setOpen}
                />
              )}
              <Button
                className={`${css['hides'] ?? ''} ${css['narrow'] ?? ''}`}
                aria-label={t('do.presets')}
                leftSection={<Icon of={IconListDetails} small />}
                onClick={() => setDrawer(true)}
              >
                {t('do.presets')}
              </Button>
            </>
          ) : null}
        </div>
        {tab === 'other' ? (
          <PrefixTab prefixes={known.prefixes} />
        ) : (
          <>
            <ForceLine
              known={known}
              nameOf={nameOf}
              busy={apply.busy}
              onPut={() => void apply.run(list.saved, known.revision)}
              onTake={() =>
                edit((old) =>
                  adopt(
                    old,
                    (known.inForce?.urls ?? []).map((url) => ({ url })),
                  ),
                )
              }
            />
            {tests.error === undefined ? null : (
              <div className={css['refused']}>
                <ErrorNotice error={tests.error} onDismiss={tests.dismiss} />
              </div>
            )}
            {empty ? (
              <EmptyState
                title={t('empty.title')}
                text={t('empty.text')}
                actions={
                  <>
                    <Button variant="filled" leftSection={<Icon of={IconBolt} small />} onClick={() => setOpen({ kind: 'setup' })}>
                      {t('do.setup')}
                    </Button>
                    <Button onClick={() => setOpen({ kind: 'add' })}>{t('do.add')}</Button>
                    <Button onClick={() => setOpen({ kind: 'paste' })}>{t('do.paste')}</Button>
                  </>
                }
              />
            ) : (
              <HubList known={known} list={list} tests={tests} nameOf={nameOf} actions={rowActions} refused={apply.refused} />
            )}
            <ApplyBar list={list} apply={apply} engineRuns={engineRuns} nameOf={nameOf} />
          </>
        )}
      </section>
      {tab === 'other' ? null : (
        <aside className="panel" aria-label={t('presets.title')}>
          {presets}
        </aside>
      )}
      <Drawer
        opened={drawer}
        onClose={() => setDrawer(false)}
        position="right"
        size={336}
        title={t('do.presets')}
        closeButtonProps={{ 'aria-label': t('common:close') }}
      >
        {presets}
      </Drawer>
      {open?.kind === 'add' || open?.kind === 'edit' ? (
        <MirrorDialog
          item={open.kind === 'edit' ? open.item : undefined}
          items={items}
          onClose={close}
          onDone={(fields) => {
            close();
            edit((old) => (open.kind === 'edit' ? patch(old, open.item.key, fields) : addAll(old, [{ ...fields, enabled: true }])));
          }}
        />
      ) : null}
      {open?.kind === 'paste' ? (
        <PasteDialog
          items={items}
          onClose={close}
          onDone={(urls) => {
            close();
            edit((old) =>
              addAll(
                old,
                urls.map((url) => ({ url, name: '', note: '', enabled: true })),
              ),
            );
          }}
        />
      ) : null}
      {open?.kind === 'setup' ? (
        <SetupDialog
          known={known}
          items={items}
          nameOf={nameOf}
          onClose={close}
          onDraft={(proposed: Items) => {
            close();
            edit(() => proposed);
          }}
          onApply={(proposed: Items) => {
            close();
            edit(() => proposed);
            void apply.run(proposed, list.revision);
          }}
        />
      ) : null}
    </div>
  );
}

interface ToolsProps {
  readonly engineRuns: boolean;
  readonly starting: boolean;
  readonly testing: boolean;
  readonly onTest: () => void;
  readonly onCancel: () => void;
  readonly onOpen: (open: Open) => void;
}

function Tools({ engineRuns, starting, testing, onTest, onCancel, onOpen }: ToolsProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const quiet = (kind: 'add' | 'paste', icon: typeof IconPlus): ReactNode => (
    <Button
      className={css['hides'] ?? ''}
      variant="subtle"
      aria-label={t(`do.${kind}`)}
      leftSection={<Icon of={icon} small />}
      onClick={() => onOpen({ kind })}
    >
      {t(`do.${kind}`)}
    </Button>
  );
  return (
    <>
      {quiet('add', IconPlus)}
      {quiet('paste', IconClipboard)}
      {testing ? (
        <Button leftSection={<Icon of={IconX} small />} onClick={onCancel}>
          {t('do.cancelTests')}
        </Button>
      ) : (
        <Button leftSection={<Icon of={IconActivity} small />} loading={starting} onClick={onTest}>
          {t(engineRuns ? 'do.testAll' : 'do.startAndTest')}
        </Button>
      )}
      <Button className={css['accent'] ?? ''} leftSection={<Icon of={IconBolt} small />} onClick={() => onOpen({ kind: 'setup' })}>
        {t('do.setup')}
      </Button>
    </>
  );
}

/** What the palette asked for comes with the address and is done once. */
function useWanted(wanted: string | null, setOpen: (open: Open) => void, testAll: () => void): void {
  useEffect(() => {
    if (wanted === null) {
      return;
    }
    location.replace('#/mirrors');
    if (wanted === 'setup' || wanted === 'paste' || wanted === 'add') {
      setOpen({ kind: wanted });
    } else if (wanted === 'test') {
      testAll();
    }
  }, [wanted, setOpen, testAll]);
}
