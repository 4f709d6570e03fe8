// Asks once before something goes: what goes, what stays, what to think of. Cancel has the focus.
import { Button, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import styles from './remove-dialog.module.css';
import { StateMark } from './state-mark';
import type { ReactNode } from 'react';

interface RemoveDialogProps {
  readonly title: string;
  /** What goes, where it is more than the title can name. */
  readonly names?: string | undefined;
  readonly warning?: string | undefined;
  readonly goes: ReactNode;
  readonly stays: ReactNode;
  /** Choices. */
  readonly children?: ReactNode;
  readonly confirm: string;
  /** Why it cannot be confirmed. */
  readonly blocked?: string | undefined;
  readonly pending?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function RemoveDialog(props: RemoveDialogProps): ReactNode {
  const { title, names, warning, goes, stays, children, confirm, blocked, pending = false, onConfirm, onClose } = props;
  const { t } = useTranslation('common');
  return (
    <Modal opened onClose={onClose} size={460} title={title} closeButtonProps={{ 'aria-label': t('close') }}>
      {names !== undefined && <p className={styles.names}>{names}</p>}
      {warning !== undefined && (
        <p className={styles.warning}>
          <StateMark kind="warn" />
          <span>{warning}</span>
        </p>
      )}
      <dl className={styles.lists}>
        <dt>{t('list.goes')}</dt>
        <dd>{goes}</dd>
        <dt>{t('list.stays')}</dt>
        <dd>{stays}</dd>
      </dl>
      {children}
      <div className="modal-foot">
        <Button data-autofocus onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button variant="filled" color="bad" loading={pending} disabled={blocked !== undefined} title={blocked} onClick={onConfirm}>
          {confirm}
        </Button>
      </div>
    </Modal>
  );
}

const SHOWN = 8;

/** The first of them, and how many more there are. */
export function useNames(): (rows: readonly { readonly name: string }[]) => string {
  const { t } = useTranslation('common');
  return (rows) => {
    const names = rows
      .slice(0, SHOWN)
      .map(({ name }) => name)
      .join(', ');
    return rows.length > SHOWN ? `${names} ${t('list.more', { count: rows.length - SHOWN })}` : names;
  };
}
