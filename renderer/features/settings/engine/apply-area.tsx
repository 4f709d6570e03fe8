// The foot of the page: what the draft would cost and the buttons, or the change on its way, step by step, and how it ended.
import { Button } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigState } from '../../../../preload/contract';
import { useServices, useStore } from '../../../state/context';
import { isStale } from '../../../state/slices/config';
import { StateMark } from '../../../ui/state-mark';
import { ApplySteps } from './apply-steps';
import { useEngineForm } from './engine-form';
import css from './apply.module.css';
import { valueWords } from './field-frame';
import { changedKeys, setAt } from './text-edit';
import type { Apply } from './use-apply';
import { useCostWords } from './use-cost-words';

export function ApplyArea({ saved, apply }: { readonly saved: ConfigState; readonly apply: Apply }): ReactNode {
  const { store } = useServices();
  const task = useStore((s) => s.tasks.find(({ id }) => id === s.config.watched));
  const draft = useStore((s) => s.config.draft);
  const watched = useStore((s) => s.config.watched);
  const applied = useStore((s) => s.config.applied);
  const known = useStore((s) => s.tasks.length > 0);
  const close = (): void => store.setState((s) => ({ config: { ...s.config, watched: undefined } }));
  useEffect(() => {
    // Ended so long ago that the backend has forgotten it.
    if (watched !== undefined && task === undefined && known && saved.task === undefined) {
      store.setState((s) => ({ config: { ...s.config, watched: undefined } }));
    }
  }, [watched, task, known, saved.task, store]);
  if (task === undefined || (draft !== undefined && (task.state === 'done' || task.state === 'cancelled'))) {
    return draft === undefined ? null : (
      <div className={css['bar']}>
        <Cost />
        <span className="end" />
        <Buttons saved={saved} apply={apply} />
      </div>
    );
  }
  return (
    <ApplySteps task={task} onClose={close}>
      {draft === undefined || task.state === 'running' ? null : (
        <>
          <Buttons saved={saved} apply={apply} />
          {draft.text === applied ? null : <Cost />}
        </>
      )}
    </ApplySteps>
  );
}

function Cost(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { values, saved, checked, text, problems } = useEngineForm();
  const words = useCostWords();
  const count = changedKeys(saved, values).length;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const fresh = checked?.text === text;
  return (
    <div className={css['cost2']} role="status">
      <StateMark kind={errors > 0 ? 'fail' : checked?.class === 'disruptive' ? 'warn' : 'new'} />
      <b className="med">{t(count === 0 ? 'json.edited' : 'json.changes', { count })}</b>
      <span className="t2">{errors > 0 ? t('apply.errors', { count: errors }) : fresh ? words(checked) : t('apply.checking')}</span>
    </div>
  );
}

function Buttons({ saved, apply }: { readonly saved: ConfigState; readonly apply: Apply }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { store } = useServices();
  const draft = useStore((s) => s.config.draft);
  const off = useStore((s) => s.vm.status?.state !== 'running');
  const { problems, text, checked } = useEngineForm();
  if (draft === undefined) {
    return null;
  }
  const errors = problems.filter(({ severity }) => severity === 'error');
  const fixable = errors.find(({ fix }) => fix !== undefined);
  // One mistake with a remedy: mend it and apply in one go.
  const mend = errors.length === 1 && fixable !== undefined && checked?.text === text ? fixable : undefined;
  const stale = isStale(draft, saved);
  const busy = apply.pending || saved.task !== undefined;
  const run = (next: string): void => {
    if (next !== text) {
      store.setState((s) => ({ config: { ...s.config, draft: { ...draft, text: next } } }));
    }
    void apply.text(next, saved.revision, draft.origin);
  };
  const discard = (): void => {
    apply.clear();
    store.setState((s) => ({ config: { ...s.config, draft: undefined, watched: undefined } }));
  };
  return (
    <>
      <Button variant="subtle" disabled={busy} onClick={discard}>
        {t('apply.discard')}
      </Button>
      {mend === undefined ? (
        <Button variant="filled" disabled={busy || stale || errors.length > 0} onClick={() => run(text)}>
          {t(apply.pending ? 'apply.pending' : off ? 'apply.atStart' : 'apply.do')}
        </Button>
      ) : (
        <Button variant="filled" disabled={busy || stale} onClick={() => run(setAt(text, mend.path, mend.fix))}>
          {t('apply.fixAndDo', { value: valueWords(mend.fix) })}
        </Button>
      )}
    </>
  );
}
