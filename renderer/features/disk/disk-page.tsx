// Disk: what the data disk takes on this computer and why, the ways to give it back, and its size and place.
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiskLedger, Task } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useStore } from '../../state/context';
import { useAttempt } from '../../state/use-attempt';
import { useCall } from '../../state/use-call';
import { useStream } from '../../state/use-stream';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import css from './disk.module.css';
import { DiskHead } from './disk-head';
import { DiskTask } from './disk-task';
import { LedgerBars } from './ledger-bars';
import { LedgerTable } from './ledger-table';
import { columnsOf } from './model';
import { OtherFiles } from './other-files';
import { SizeAndPlace } from './size-and-place';

const KINDS: readonly Task['kind'][] = ['trim', 'prune', 'moveDisk'];

export function DiskPage(): ReactNode {
  const { t } = useTranslation('disk');
  const ledger = useStream('disk.changes');
  const task = useStore((s) => s.tasks.find(({ kind }) => KINDS.includes(kind)));
  const running = useStore((s) => s.vm.status?.state === 'running');
  const { run: count, error: countError } = useCall('disk.usage');
  const [usage, setUsage] = useState<Awaited<ReturnType<typeof count>>>();
  const attempt = useAttempt();
  const busy = task?.state === 'running' || attempt.pending;

  useEffect(() => {
    // Counted when the page opens and after each task: it costs the engine seconds.
    if (running && !busy) {
      void count({}).then((found) => found !== undefined && setUsage(found));
    }
  }, [running, busy, count]);

  if (ledger === undefined) {
    return <SkeletonRows rows={8} widths={[160, 320]} />;
  }
  const shown = running ? usage : undefined;
  const columns = columnsOf(ledger, shown);
  return (
    <div className="scroll">
      <div className={css['page']}>
        <HostNote ledger={ledger} />
        {attempt.error === undefined ? null : <ErrorNotice error={attempt.error} onDismiss={attempt.reset} />}
        {countError === undefined ? null : <ErrorNotice error={countError} onRetry={() => void count({}).then(setUsage)} />}
        <DiskHead ledger={ledger} usage={shown} busy={busy} onDo={(work) => void attempt.run(work)} />
        {task === undefined ? null : <DiskTask task={task} />}
        {columns === undefined ? null : (
          <section aria-label={t('chart')}>
            <LedgerBars columns={columns} counted={shown !== undefined} />
            <LedgerTable ledger={ledger} columns={columns} usage={shown} />
          </section>
        )}
        {ledger.disk === undefined ? null : <SizeAndPlace ledger={ledger} disk={ledger.disk} busy={busy} />}
        <OtherFiles files={ledger.files} />
      </div>
    </div>
  );
}

function HostNote({ ledger: { host, missingPath } }: { readonly ledger: DiskLedger }): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const words = { bytes: format.memory(host.freeBytes), pause: format.memory(host.pauseBytes) };
  if (missingPath !== undefined) {
    return <Note tone="bad" title={t('head.missing')} text={t('head.missingText', { path: missingPath })} />;
  }
  if (host.state === 'paused') {
    return <Note tone="bad" title={t('paused')} text={t('pausedText', words)} />;
  }
  return host.state === 'low' ? <Note tone="warn" title={t('low', words)} text={t('lowText', words)} /> : null;
}

function Note({ tone, title, text }: { readonly tone: 'bad' | 'warn'; readonly title: string; readonly text: string }): ReactNode {
  return (
    <div className={`note ${tone}`} role="status">
      <StateMark kind={tone === 'bad' ? 'fail' : 'warn'} />
      <div className="title">{title}</div>
      <p>{text}</p>
    </div>
  );
}
