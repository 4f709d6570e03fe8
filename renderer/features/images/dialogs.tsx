// Two questions of the images' page: which image to pull, and whether an image really goes.
import { Button, Modal, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { useFormat } from '../../format';
import { ErrorNotice } from '../../ui/error-notice';
import { RemoveDialog, useNames } from '../../ui/remove-dialog';
import styles from './images.module.css';
import { shortId, usersOf } from './model';
import { usePrefix, ViaChoice } from './via-choice';
import type { ReactNode } from 'react';
import type { ImageRow } from './model';

const platforms = /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/;

export function PullDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { t } = useTranslation(['images', 'common']);
  const pull = useCall('images.pull');
  const [reference, setReference] = useState('');
  const [platform, setPlatform] = useState('');
  const [chosen, setChosen] = useState<string>();
  const wrongPlatform = platform.trim() !== '' && !platforms.test(platform.trim());
  const text = reference.trim().replace(/^docker\s+pull\s+/, '');
  const mirror = usePrefix(text);
  const via = mirror === undefined ? undefined : (chosen ?? (mirror.always ? mirror.prefix : ''));
  const submit = async (): Promise<void> => {
    const answer = await pull.run({
      reference: text,
      ...(platform.trim() === '' ? {} : { platform: platform.trim() }),
      ...(via === undefined ? {} : { via }),
    });
    if (answer !== undefined) {
      onClose();
    }
  };
  return (
    <Modal opened onClose={onClose} size={460} title={t('pull.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <form
        className={styles.pull}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput
          data-autofocus
          label={t('pull.reference')}
          description={t('pull.referenceHint')}
          placeholder="postgres:18"
          value={reference}
          spellCheck={false}
          onChange={(event) => {
            setReference(event.currentTarget.value);
            pull.reset();
          }}
        />
        <TextInput
          label={t('pull.platform')}
          placeholder={t('pull.platformHint')}
          value={platform}
          spellCheck={false}
          error={wrongPlatform && t('pull.platformWrong')}
          onChange={(event) => {
            setPlatform(event.currentTarget.value);
          }}
        />
        {mirror === undefined || via === undefined ? null : <ViaChoice mirror={mirror} value={via} onChange={setChosen} />}
        {pull.error !== undefined && <ErrorNotice error={pull.error} />}
        <div className="modal-foot">
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button type="submit" variant="filled" loading={pull.pending} disabled={text === '' || wrongPlatform}>
            {t('pull.start')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface RemoveImageDialogProps {
  readonly rows: readonly ImageRow[];
  readonly onClose: () => void;
  readonly onConfirm: (rows: readonly ImageRow[], force: boolean) => void;
}

export function RemoveImageDialog({ rows, onClose, onConfirm }: RemoveImageDialogProps): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  const names = useNames();
  const containers = useStore((state) => state.engine.containers);
  const [first] = rows;
  const ids = new Set(rows.map((row) => row.id));
  // Only where no tag of it stays does an image go; else a name goes, and nothing else.
  const whole = rows.filter(({ image }) => image.tags.every((tag) => ids.has(tag)));
  const users = [...new Set(whole.flatMap((row) => usersOf(row, containers)))];
  const running = users.filter(({ state }) => state === 'running' || state === 'paused' || state === 'restarting');
  const bytes = [...new Set(whole.map(({ image }) => image))].reduce((sum, image) => sum + image.sizeBytes, 0);
  const name = first === undefined ? '' : first.image.tags.length === 0 ? shortId(first.image.id) : first.id;
  const warning =
    running.length > 0
      ? t('remove.running', { names: names(running), count: running.length })
      : t('remove.used', { names: names(users), count: users.length });
  const stays =
    whole.length === 0 ? t('remove.otherTags') : users.length > 0 ? t('remove.staysUsers', { names: names(users) }) : t('remove.staysAll');
  return (
    <RemoveDialog
      title={t('remove.title', { count: rows.length, name })}
      warning={users.length > 0 ? warning : undefined}
      goes={whole.length > 0 ? t('remove.image', { size: format.bytes(bytes) }) : t('remove.tagOnly')}
      stays={stays}
      confirm={t(users.length > 0 ? 'remove.force' : 'remove.confirm', { count: rows.length })}
      blocked={running.length > 0 ? t('remove.runningWhy') : undefined}
      onConfirm={() => {
        onConfirm(rows, users.length > 0);
      }}
      onClose={onClose}
    />
  );
}
