// Two questions of the presets: your own id for a personal address, and which file the list comes from.
import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../preload/contract';
import type { MirrorPreset, WireError } from '../../../preload/contract';
import { useClient } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { ExternalLink } from '../../ui/external-link';
import { useFieldWords } from './mirror-dialog';
import css from './dialogs.module.css';
import { useTextOf } from './names';
import { useAddressCheck } from './use-check';
import type { Items } from './draft';
import type { ReactNode } from 'react';

interface PersonalDialogProps {
  readonly preset: MirrorPreset;
  readonly items: Items;
  readonly onClose: () => void;
  readonly onDone: (url: string) => void;
}

export function PersonalDialog({ preset, items, onClose, onDone }: PersonalDialogProps): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const textOf = useTextOf();
  const wordsOf = useFieldWords();
  const [text, setText] = useState('');
  const [before = '', after = ''] = preset.url.split('{id}', 2);
  // A whole address pasted into the field is as good as the id.
  const typed = text.trim().replace(/\/+$/, '');
  const id = typed.startsWith(before) && typed.endsWith(after) ? typed.slice(before.length, typed.length - after.length) : typed;
  const url = id === '' ? '' : `${before}${id}${after}`;
  const { checked, now } = useAddressCheck(url);
  const there = (address: string): boolean => items.some((item) => item.url === address);
  const error =
    url === '' || checked === undefined
      ? undefined
      : checked.error !== undefined
        ? wordsOf(checked.error)
        : there(checked.url)
          ? t('personal.there')
          : undefined;
  const submit = async (): Promise<void> => {
    const answer = await now();
    if (answer.error === undefined && !there(answer.url)) {
      onDone(answer.url);
    }
  };
  return (
    <Modal opened onClose={onClose} size={480} title={textOf(preset.name)} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <form
        className={css['form']}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p className="t2">{textOf(preset.audience)}</p>
        {preset.help === undefined ? null : <p className={css['help']}>{textOf(preset.help)}</p>}
        {preset.link === undefined ? null : (
          <p>
            <ExternalLink href={preset.link}>{preset.link}</ExternalLink>
          </p>
        )}
        <TextInput
          data-autofocus
          classNames={{ input: 'mono' }}
          label={t('personal.id')}
          value={text}
          spellCheck={false}
          autoComplete="off"
          error={error}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <p className="t2 s">
          {t('personal.becomes')} <code className="words">{url === '' ? preset.url : url}</code>
        </p>
        <div className="modal-foot">
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button type="submit" variant="filled" disabled={url === '' || error !== undefined}>
            {t('dialog.addDo')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

export function PresetFileDialog({ source, onClose }: { readonly source: string; readonly onClose: () => void }): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const client = useClient();
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<WireError>();
  const own = source !== 'built-in';
  const [path, setPath] = useState(own ? source : '');
  const set = async (value: string | null): Promise<void> => {
    setPending(true);
    try {
      await client.call('mirrors.setPresetFile', { path: value });
      onClose();
    } catch (thrown) {
      setError(toWireError(thrown));
    } finally {
      setPending(false);
    }
  };
  return (
    <Modal opened onClose={onClose} size={480} title={t('presetFile.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <form
        className={css['form']}
        onSubmit={(event) => {
          event.preventDefault();
          void set(path.trim());
        }}
      >
        <p className="t2">{t('presetFile.text')}</p>
        <TextInput
          data-autofocus
          classNames={{ input: 'mono' }}
          label={t('presetFile.path')}
          placeholder="/srv/company/mirrors.json"
          value={path}
          spellCheck={false}
          onChange={(event) => {
            setError(undefined);
            setPath(event.currentTarget.value);
          }}
        />
        {error === undefined ? null : <ErrorNotice error={error} />}
        <div className="modal-foot">
          {own ? (
            <Button variant="subtle" disabled={pending} onClick={() => void set(null)}>
              {t('presetFile.back')}
            </Button>
          ) : null}
          <span className="grow" />
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button type="submit" variant="filled" disabled={pending || path.trim() === ''}>
            {t('presetFile.use')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
