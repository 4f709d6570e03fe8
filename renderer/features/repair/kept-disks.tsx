// Disks that repairs copied or set aside: how much each takes, and the one place where one is deleted, by its name typed once more.
import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { KeptDisk } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useClient } from '../../state/context';
import { useAttempt } from '../../state/use-attempt';
import { ErrorNotice } from '../../ui/error-notice';
import css from './repair.module.css';

export function KeptDisks({ kept }: { readonly kept: readonly KeptDisk[] }): ReactNode {
  const { t } = useTranslation('repair');
  const format = useFormat();
  const [asked, setAsked] = useState<KeptDisk>();
  if (kept.length === 0) {
    return null;
  }
  return (
    <>
      <hr className="rule" />
      <div className="sec">
        <h2>{t('panel.kept')}</h2>
      </div>
      <p className="s t2">{t('panel.keptText')}</p>
      <ul className={css['disks']}>
        {kept.map((disk) => (
          <li key={disk.path}>
            <span className="ell mono s" title={disk.path}>
              {disk.name}
            </span>
            <span className="t3 s">{format.bytes(disk.hostBytes)}</span>
            <Button
              size="compact-xs"
              variant="outline"
              color="bad"
              aria-label={t('keep.deleteTitle', { name: disk.name })}
              onClick={() => setAsked(disk)}
            >
              {t('keep.delete')}
            </Button>
          </li>
        ))}
      </ul>
      {asked === undefined ? null : <DeleteDialog disk={asked} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function DeleteDialog({ disk, onClose }: { readonly disk: KeptDisk; readonly onClose: () => void }): ReactNode {
  const { t } = useTranslation(['repair', 'common']);
  const format = useFormat();
  const client = useClient();
  const discard = useAttempt();
  const [word, setWord] = useState('');
  const submit = async (): Promise<void> => {
    if (await discard.run(() => client.call('repair.discard', { name: disk.name, confirm: word }))) {
      onClose();
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={460}
      title={t('keep.deleteTitle', { name: disk.name })}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <form
        className={css['ask']}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>{t('keep.deleteText', { sizeBytes: format.bytes(disk.hostBytes), path: disk.path })}</p>
        <TextInput
          data-autofocus
          label={t('ask.type', { word: disk.name })}
          value={word}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => setWord(event.currentTarget.value)}
        />
        {discard.error === undefined ? null : <ErrorNotice error={discard.error} />}
        <div className="modal-foot">
          <Button onClick={onClose}>{t('ask.cancel')}</Button>
          <Button type="submit" variant="filled" color="bad" loading={discard.pending} disabled={word !== disk.name}>
            {t('keep.delete')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
