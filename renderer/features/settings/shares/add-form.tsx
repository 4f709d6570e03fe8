// Sharing a folder: its path as it is on this computer, looked at by the backend; what is wrong is said at the field.
import { Button, Switch, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../state/context';
import { useAttempt } from '../../../state/use-attempt';
import { useErrorText } from '../../../ui/error-text';
import { StateMark } from '../../../ui/state-mark';
import { parentOf } from './model';
import css from './shares.module.css';

interface AddFormProps {
  /** The path as it was asked for: a symlink is in the list as the folder that it leads to. */
  readonly onAdded: (path: string) => void;
  readonly onClose: (() => void) | undefined;
}

export function AddForm({ onAdded, onClose }: AddFormProps): ReactNode {
  const { t } = useTranslation(['shares', 'common']);
  const errorText = useErrorText();
  const client = useClient();
  const add = useAttempt();
  const [path, setPath] = useState('');
  const [readOnly, setReadOnly] = useState(false);
  const errorId = useId();
  const asked = path.trim();
  const { error } = add;
  const problem = error === undefined ? undefined : errorText(error);

  const edit = (next: string): void => {
    add.reset();
    setPath(next);
  };
  const submit = async (): Promise<void> => {
    if (await add.run(() => client.call('shares.add', { path: asked, readOnly }))) {
      onAdded(asked);
    }
  };
  return (
    <form
      className={css['form']}
      aria-label={t('add.title')}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          onClose?.();
        }
      }}
    >
      <div className={css['field']}>
        <TextInput
          classNames={{ input: 'mono' }}
          label={t('add.path')}
          placeholder="/home/me/project"
          autoFocus
          spellCheck={false}
          value={path}
          error={error !== undefined}
          aria-describedby={errorId}
          onChange={(event) => edit(event.currentTarget.value)}
        />
        <Switch label={t('readOnly')} checked={readOnly} onChange={(event) => setReadOnly(event.currentTarget.checked)} />
        {onClose === undefined ? null : (
          <Button variant="subtle" onClick={onClose}>
            {t('common:cancel')}
          </Button>
        )}
        <Button type="submit" variant="filled" disabled={asked === ''} loading={add.pending}>
          {t('add.do')}
        </Button>
      </div>
      {error === undefined || problem === undefined ? (
        <p className="hint">{t('add.hint')}</p>
      ) : (
        <p className="wrong" id={errorId} role="alert">
          <StateMark kind="fail" />
          <span>
            {t('problem', { title: problem.title, next: problem.next })}{' '}
            {error.code === 'shares.notFolder' ? (
              <button type="button" className="link" onClick={() => edit(parentOf(asked))}>
                {t('add.use', { path: parentOf(asked) })}
              </button>
            ) : null}
          </span>
        </p>
      )}
    </form>
  );
}
