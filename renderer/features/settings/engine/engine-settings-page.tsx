// The engine's settings: sections, their forms, the JSON beside them, and below the change on its way into force. One draft text under all of it.
import { useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { sameJson } from '../../../../preload/contract';
import type { ConfigState, Task } from '../../../../preload/contract';
import { useServices, useStore } from '../../../state/context';
import { editDraft } from '../../../state/slices/config';
import { SkeletonRows } from '../../../ui/delayed';
import { ApplyArea } from './apply-area';
import { Banners } from './banners';
import { ConfirmDialog } from './confirm-dialog';
import { EngineFormProvider } from './engine-form';
import type { EngineForm } from './engine-form';
import css from './engine.module.css';
import { HistoryDrawer } from './history-drawer';
import { JsonSide } from './json-side';
import { SectionForm } from './section-form';
import { engineSections } from './section-list';
import { SectionNav } from './section-nav';
import { readValues } from './text-edit';
import type { Path, Values } from './text-edit';
import { useApply } from './use-apply';
import { useCheck } from './use-check';

export function EngineSettingsPage({ section }: { readonly section: string | undefined }): ReactNode {
  const saved = useStore((s) => s.config.saved);
  return saved === undefined ? (
    <div className="scroll">
      <SkeletonRows rows={6} widths={[120, 360]} />
    </div>
  ) : (
    <Page saved={saved} section={section} />
  );
}

const NONE: Values = {};

function Page({ saved, section }: { readonly saved: ConfigState; readonly section: string | undefined }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { store } = useServices();
  const draft = useStore((s) => s.config.draft);
  const task = useStore((s) => s.tasks.find(({ id }) => id === s.config.watched));
  const applied = useStore((s) => s.config.applied);
  const apply = useApply();
  const [history, setHistory] = useState(false);
  const [side, setSide] = useState(false);
  const show = useRef<(path: Path) => void>(undefined);

  const text = draft?.text ?? saved.text;
  const checked = useCheck(text, saved.revision);
  const readable = useMemo(() => readValues(text), [text]);
  const savedValues = useMemo(() => readValues(saved.text) ?? NONE, [saved.text]);
  const lastReadable = useLast(readable) ?? savedValues;
  const busy = task?.state === 'running' || apply.pending || saved.task !== undefined;
  const form: EngineForm = {
    text,
    values: readable ?? lastReadable,
    saved: savedValues,
    locked: busy || (readable === undefined && text.trim() !== ''),
    checked,
    problems: checked?.problems ?? [],
    refused: draft === undefined ? undefined : refusedBy(task, readable, applied),
    write: (next, origin) => store.setState((s) => ({ config: { ...s.config, draft: editDraft(s.config.draft, saved, next, origin) } })),
    jump(path) {
      setSide(true);
      show.current?.(path);
    },
  };
  const current = engineSections.find(({ id }) => id === section) ?? engineSections[1];
  return (
    <EngineFormProvider value={form}>
      <div className={css['page']} data-side={side}>
        <Banners saved={saved} apply={apply} />
        <div className={css['columns3']}>
          <SectionNav current={current?.id ?? 'network'} />
          <div className={css['form']} role="form" aria-label={t('title')}>
            {current === undefined ? null : (
              <SectionForm
                key={current.id}
                section={current}
                unreadable={readable === undefined && text.trim() !== ''}
                onJson={() => setSide(true)}
              />
            )}
          </div>
          <JsonSide savedText={saved.text} readOnly={busy} show={show} onHistory={() => setHistory(true)} onClose={() => setSide(false)} />
        </div>
        <ApplyArea saved={saved} apply={apply} />
      </div>
      {apply.asked === undefined ? null : <ConfirmDialog check={apply.asked.check} onConfirm={apply.confirm} onCancel={apply.cancel} />}
      <HistoryDrawer opened={history} saved={saved} busy={busy} onClose={() => setHistory(false)} onRestore={apply.restore} />
    </EngineFormProvider>
  );
}

/** dockerd's words about a key, until its value is another one than it was tried with. */
function refusedBy(task: Task | undefined, values: Values | undefined, applied: string | undefined): EngineForm['refused'] {
  const { key, detail } = task?.state === 'failed' ? (task.error?.params ?? {}) : {};
  const same =
    typeof key === 'string' &&
    values !== undefined &&
    Object.hasOwn(values, key) &&
    sameJson(values[key], readValues(applied ?? '')?.[key]);
  return same && typeof detail === 'string' && detail !== '' ? { key, words: detail } : undefined;
}

/** The last value that was one. */
function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) {
    setLast(value);
  }
  return value ?? last;
}
