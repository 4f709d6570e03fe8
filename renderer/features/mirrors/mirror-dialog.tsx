// One mirror added or edited: address, name, note. The address is checked while it is typed, with the error at the field.
import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { WireError } from '../../../preload/contract';
import type { DraftMirror } from '../../state/slices/mirrors';
import { useErrorText } from '../../ui/error-text';
import { StateMark } from '../../ui/state-mark';
import css from './dialogs.module.css';
import { useAddressCheck } from './use-check';
import type { Items } from './draft';
import type { ReactNode } from 'react';

export interface MirrorFields {
  readonly url: string;
  readonly name: string;
  readonly note: string;
}

interface MirrorDialogProps {
  /** The one that is edited; undefined = a new one. */
  readonly item: DraftMirror | undefined;
  readonly items: Items;
  readonly onClose: () => void;
  readonly onDone: (fields: MirrorFields) => void;
}

export function MirrorDialog({ item, items, onClose, onDone }: MirrorDialogProps): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const [url, setUrl] = useState(item?.url ?? '');
  const [name, setName] = useState(item?.name ?? '');
  const [note, setNote] = useState(item?.note ?? '');
  const [left, setLeft] = useState(false);
  const { checked, now } = useAddressCheck(url);
  const wordsOf = useFieldWords();
  const twin = (address: string): number => items.findIndex((each) => each.key !== item?.key && each.url === address);
  const problem = (of: typeof checked): string | undefined => {
    if (of?.error !== undefined) {
      return wordsOf(of.error);
    }
    const place = of === undefined ? -1 : twin(of.url);
    return place === -1 ? undefined : t('dialog.duplicate', { place: place + 1 });
  };
  const empty = url.trim() === '';
  const error = empty ? (left ? t('dialog.empty') : undefined) : problem(checked);
  const normal = checked?.url ?? '';

  const submit = async (): Promise<void> => {
    setLeft(true);
    if (empty) {
      return;
    }
    const answer = await now();
    if (problem(answer) === undefined) {
      onDone({ url: answer.url, name: name.trim(), note: note.trim() });
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={480}
      title={t(item === undefined ? 'dialog.add' : 'dialog.edit')}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <form
        className={css['form']}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput
          data-autofocus
          classNames={{ input: 'mono' }}
          label={t('dialog.url')}
          description={t('dialog.urlHint')}
          placeholder="https://mirror.example.com"
          value={url}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          error={error}
          onBlur={() => setLeft(true)}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        {error === undefined && !empty && checked?.warning !== undefined ? (
          <p className="c-warn s" role="status">
            <StateMark kind="warn" /> {wordsOf(checked.warning)}
          </p>
        ) : null}
        {error === undefined && normal !== '' && normal !== url.trim() ? (
          <p className="t2 s" role="status">
            {t('dialog.kept')} <code>{normal}</code>
          </p>
        ) : null}
        <TextInput
          label={t('dialog.name')}
          placeholder={t('dialog.nameHint')}
          value={name}
          maxLength={200}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput label={t('dialog.note')} value={note} maxLength={2000} onChange={(event) => setNote(event.currentTarget.value)} />
        <div className="modal-foot">
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button type="submit" variant="filled" disabled={error !== undefined}>
            {t(item === undefined ? 'dialog.addDo' : 'dialog.editDo')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** An error of a field in one line: what is wrong, and what to write. */
export function useFieldWords(): (error: WireError) => string {
  const textOf = useErrorText();
  const { t } = useTranslation('mirrors');
  return (error) => {
    const { title, next } = textOf(error);
    return t('dialog.problem', { title, next });
  };
}
