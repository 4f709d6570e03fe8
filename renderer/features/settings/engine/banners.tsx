// What stands above the forms because it concerns all of them: another change meanwhile, an edit made by hand in the guest, values not in force.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigState } from '../../../../preload/contract';
import { useServices, useStore } from '../../../state/context';
import { isStale } from '../../../state/slices/config';
import type { ConfigDraft } from '../../../state/slices/config';
import { ErrorNotice } from '../../../ui/error-notice';
import { StateMark } from '../../../ui/state-mark';
import { Changes } from './changes';
import { useEngineForm } from './engine-form';
import applyCss from './apply.module.css';
import css from './engine.module.css';
import { rebase } from './rebase';
import { changedKeys, readValues } from './text-edit';
import type { Apply } from './use-apply';

export function Banners({ saved, apply }: { readonly saved: ConfigState; readonly apply: Apply }): ReactNode {
  const draft = useStore((s) => s.config.draft);
  // These two are told by what they are about.
  const code = apply.error?.code;
  const told = (code === 'config.conflict' && isStale(draft, saved)) || (code === 'config.guestEdited' && saved.guestEdit !== undefined);
  const error = told ? undefined : apply.error;
  return (
    <div className={css['banners']}>
      {error === undefined ? null : <ErrorNotice error={error} onDismiss={apply.clear} />}
      {draft !== undefined && isStale(draft, saved) && saved.task === undefined ? (
        <Meanwhile draft={draft} saved={saved} onDone={apply.clear} />
      ) : null}
      {saved.guestEdit === undefined ? null : <GuestEdit edit={saved.guestEdit} saved={saved} apply={apply} />}
      {saved.inForce === undefined || saved.inForce.differences.length === 0 || saved.task !== undefined ? null : (
        <NotInForce differences={saved.inForce.differences} />
      )}
    </div>
  );
}

function Meanwhile({
  draft,
  saved,
  onDone,
}: {
  readonly draft: ConfigDraft;
  readonly saved: ConfigState;
  readonly onDone: () => void;
}): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { store } = useServices();
  const before = readValues(draft.base.text) ?? {};
  const after = readValues(saved.text) ?? {};
  const result = rebase(draft, saved);
  const use = (next: ConfigDraft | undefined): void => {
    store.setState((s) => ({ config: { ...s.config, draft: next } }));
    onDone();
  };
  return (
    <div className="note warn" role="alert">
      <StateMark kind="warn" />
      <div className="title">{t('meanwhile.title')}</div>
      <p>
        {result === undefined
          ? t('meanwhile.cannot')
          : result.both.length === 0
            ? t('meanwhile.text')
            : t('meanwhile.both', { keys: result.both.join(', ') })}
      </p>
      <Changes
        changes={changedKeys(before, after).map((key) => ({
          key,
          ...(Object.hasOwn(before, key) ? { before: before[key] } : {}),
          ...(Object.hasOwn(after, key) ? { after: after[key] } : {}),
        }))}
      />
      <div className="do">
        <Button size="compact-xs" disabled={result === undefined} onClick={() => use(result?.draft)}>
          {t('meanwhile.rebase')}
        </Button>
        <Button size="compact-xs" variant="subtle" onClick={() => use(undefined)}>
          {t('apply.discard')}
        </Button>
      </div>
    </div>
  );
}

interface GuestEditProps {
  readonly edit: NonNullable<ConfigState['guestEdit']>;
  readonly saved: ConfigState;
  readonly apply: Apply;
}

function GuestEdit({ edit, saved, apply }: GuestEditProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { locked } = useEngineForm();
  const off = locked || saved.task !== undefined;
  return (
    <div className="note warn" role="alert">
      <StateMark kind="warn" />
      <div className="title">{t('guestEdit.title')}</div>
      <p>{t('guestEdit.text')}</p>
      {edit.changes.length === 0 ? <pre className={applyCss['guesttext']}>{edit.text}</pre> : <Changes changes={edit.changes} />}
      <div className="do">
        <Button size="compact-xs" disabled={off} onClick={() => void apply.takeGuestEdit(edit.text, saved.revision)}>
          {t('guestEdit.take')}
        </Button>
        <Button size="compact-xs" disabled={off} onClick={() => void apply.dropGuestEdit(saved.text, saved.revision)}>
          {t('guestEdit.drop')}
        </Button>
      </div>
    </div>
  );
}

function NotInForce({ differences }: { readonly differences: NonNullable<ConfigState['inForce']>['differences'] }): ReactNode {
  const { t } = useTranslation('engine-settings');
  return (
    <div className="note warn" role="status">
      <StateMark kind="warn" />
      <div className="title">{t('notInForce.title', { count: differences.length })}</div>
      <p>{t('notInForce.text')}</p>
      <Changes
        changes={differences.map(({ key, asked, inForce }) => ({
          key,
          ...(asked === undefined ? {} : { before: asked }),
          ...(inForce === undefined ? {} : { after: inForce }),
        }))}
      />
    </div>
  );
}
