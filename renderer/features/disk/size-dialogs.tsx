// The dialogs of the disk's size and place: each says what goes on meanwhile and what stays.
import { Button, Modal, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DataDiskFile } from '../../../preload/contract';
import { useFormat } from '../../format';
import { RemoveDialog } from '../../ui/remove-dialog';
import css from './disk.module.css';
import { proposedSize } from './model';

const GIB = 2 ** 30;

interface DialogProps {
  readonly pending: boolean;
  /** Why the last try was refused. */
  readonly refused: ReactNode;
  readonly onClose: () => void;
}

interface GrowDialogProps extends DialogProps {
  readonly disk: DataDiskFile;
  readonly onGrow: (bytes: number) => void;
}

export function GrowDialog({ disk, pending, refused, onGrow, onClose }: GrowDialogProps): ReactNode {
  const { t } = useTranslation(['disk', 'common']);
  const [size, setSize] = useState<number | string>(proposedSize(disk.sizeBytes));
  const bytes = Number(size) * GIB;
  return (
    <Modal opened onClose={onClose} size={420} title={t('growTitle')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <div className={css['field']}>
        <NumberInput
          data-autofocus
          label={t('growLabel')}
          value={size}
          min={Math.floor(disk.sizeBytes / GIB) + 1}
          allowDecimal={false}
          onChange={setSize}
        />
        <p>{t('growText')}</p>
      </div>
      {refused}
      <div className="modal-foot">
        <Button onClick={onClose}>{t('common:cancel')}</Button>
        <Button variant="filled" loading={pending} disabled={!(bytes > disk.sizeBytes)} onClick={() => onGrow(bytes)}>
          {t('growDo')}
        </Button>
      </div>
    </Modal>
  );
}

interface MoveDialogProps extends DialogProps {
  readonly onMove: (folder: string) => void;
}

export function MoveDialog({ pending, refused, onMove, onClose }: MoveDialogProps): ReactNode {
  const { t } = useTranslation(['disk', 'common']);
  const [folder, setFolder] = useState('');
  return (
    <Modal opened onClose={onClose} size={460} title={t('moveTitle')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <div className={css['field']}>
        <TextInput
          data-autofocus
          label={t('moveLabel')}
          value={folder}
          spellCheck={false}
          onChange={(event) => setFolder(event.currentTarget.value)}
        />
        <p>{t('moveGoes')}</p>
        <p>{t('moveStays')}</p>
      </div>
      {refused}
      <div className="modal-foot">
        <Button onClick={onClose}>{t('common:cancel')}</Button>
        <Button variant="filled" loading={pending} disabled={folder.trim() === ''} onClick={() => onMove(folder.trim())}>
          {t('moveDo')}
        </Button>
      </div>
    </Modal>
  );
}

interface ForgetDialogProps extends DialogProps {
  readonly old: DataDiskFile;
  readonly disk: DataDiskFile;
  readonly onForget: () => void;
}

export function ForgetDialog({ old, disk, pending, refused, onForget, onClose }: ForgetDialogProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const [typed, setTyped] = useState('');
  const name = old.path.split(/[\\/]/).at(-1) ?? old.path;
  const label = t('forgetLabel', { name });
  return (
    <RemoveDialog
      title={t('forgetTitle')}
      goes={t('forgetGoes', { path: old.path, bytes: format.memory(old.hostBytes) })}
      stays={t('forgetStays', { path: disk.path })}
      confirm={t('forgetDo')}
      blocked={typed === name ? undefined : label}
      pending={pending}
      onConfirm={onForget}
      onClose={onClose}
    >
      <div className={css['field']}>
        <TextInput label={label} value={typed} spellCheck={false} onChange={(event) => setTyped(event.currentTarget.value)} />
      </div>
      {refused}
    </RemoveDialog>
  );
}
