// How large the data disk may become, where it lies, and the file that the last move left behind.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DataDiskFile, DiskLedger } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useClient } from '../../state/context';
import { useAttempt } from '../../state/use-attempt';
import { ErrorNotice } from '../../ui/error-notice';
import css from './disk.module.css';
import { ForgetDialog, GrowDialog, MoveDialog } from './size-dialogs';

interface SizeAndPlaceProps {
  readonly ledger: DiskLedger;
  readonly disk: DataDiskFile;
  readonly busy: boolean;
}

type Question = 'grow' | 'move' | 'forget';

export function SizeAndPlace({ ledger, disk, busy: others }: SizeAndPlaceProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const client = useClient();
  const { run, pending, error, reset } = useAttempt();
  const [open, setOpen] = useState<Question>();
  const busy = others || pending;
  const show = (question: Question | undefined): void => {
    reset();
    setOpen(question);
  };
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    if (await run(work)) {
      setOpen(undefined);
    }
  };
  const refused = error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />;
  const dialog = { pending, refused, onClose: () => show(undefined) };
  const { host, oldDisk, guest } = ledger;
  const full = Math.min(1, (guest?.usedBytes ?? disk.hostBytes) / (guest?.totalBytes ?? disk.sizeBytes));
  return (
    <section>
      <Line title={t('limit')} action={t('grow')} disabled={busy} onAct={() => show('grow')}>
        <div className={css['meter']} role="presentation">
          <i style={{ width: `${full * 100}%` }} />
        </div>
        <p>{t('limitText', { size: format.memory(disk.sizeBytes) })}</p>
      </Line>
      <Line title={t('place')} action={t('move')} disabled={busy || oldDisk !== undefined} onAct={() => show('move')}>
        <code>{disk.path}</code>
        <p>{t('placeText', { free: format.memory(host.freeBytes), total: format.memory(host.totalBytes) })}</p>
      </Line>
      {oldDisk === undefined ? null : (
        <Line title={t('old')} action={t('forget')} disabled={busy} danger onAct={() => show('forget')}>
          <code>{oldDisk.path}</code>
          <p>{t('oldText', { bytes: format.memory(oldDisk.hostBytes) })}</p>
        </Line>
      )}
      {open === 'grow' ? (
        <GrowDialog {...dialog} disk={disk} onGrow={(bytes) => void attempt(() => client.call('disk.grow', { bytes }))} />
      ) : null}
      {open === 'move' ? <MoveDialog {...dialog} onMove={(folder) => void attempt(() => client.call('disk.move', { folder }))} /> : null}
      {open === 'forget' && oldDisk !== undefined ? (
        <ForgetDialog
          {...dialog}
          old={oldDisk}
          disk={disk}
          onForget={() => void attempt(() => client.call('disk.forgetOld', { path: oldDisk.path }))}
        />
      ) : null}
      {open === undefined ? refused : null}
    </section>
  );
}

interface LineProps {
  readonly title: string;
  readonly action: string;
  readonly disabled: boolean;
  readonly danger?: boolean;
  readonly onAct: () => void;
  readonly children: ReactNode;
}

function Line({ title, action, disabled, danger = false, onAct, children }: LineProps): ReactNode {
  return (
    <div className={css['line']}>
      <h3>{title}</h3>
      <div>{children}</div>
      <Button disabled={disabled} onClick={onAct} {...(danger ? { variant: 'outline', color: 'bad' } : {})}>
        {action}
      </Button>
    </div>
  );
}
