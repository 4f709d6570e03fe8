// The figure that counts, in one line why it is so, and the two ways to make it smaller.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiskLedger, EngineUsage } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useClient } from '../../state/context';
import css from './disk.module.css';
import { PruneDialog } from './prune-dialog';

interface DiskHeadProps {
  readonly ledger: DiskLedger;
  readonly usage: EngineUsage | undefined;
  readonly busy: boolean;
  readonly onDo: (work: () => Promise<unknown>) => void;
}

/** Less is noise of the file system's own. */
const WORTH_BYTES = 2 ** 20;

export function DiskHead({ ledger, usage, busy, onDo }: DiskHeadProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const client = useClient();
  const [pruning, setPruning] = useState(false);
  const { disk, guest, trimBytes = 0 } = ledger;
  if (disk === undefined) {
    return ledger.missingPath === undefined ? <p className="t2">{t('head.none')}</p> : null;
  }
  const worth = trimBytes >= WORTH_BYTES;
  const off = guest === undefined;
  const words = { used: format.memory(guest?.usedBytes ?? 0), trim: format.memory(trimBytes) };
  return (
    <div className={css['head']}>
      <div>
        <h2>{t('head.takes', { bytes: format.memory(disk.hostBytes) })}</h2>
        <p>{off ? t('head.off') : worth ? t('head.explain', words) : t('head.even', words)}</p>
      </div>
      <div className={css['do']}>
        <Button disabled={busy || usage === undefined} title={off ? t('pruneOff') : undefined} onClick={() => setPruning(true)}>
          {t('prune')}
        </Button>
        <Button
          {...(worth ? { variant: 'filled' } : {})}
          disabled={busy || off}
          title={off ? t('pruneOff') : undefined}
          onClick={() => onDo(() => client.call('disk.trim', {}))}
        >
          {worth ? t('give', { bytes: words.trim }) : t('giveNone')}
        </Button>
      </div>
      {pruning && usage !== undefined ? (
        <PruneDialog
          usage={usage}
          onClose={() => setPruning(false)}
          onPrune={(choice) => {
            setPruning(false);
            onDo(() => client.call('disk.prune', { ...choice, volumes: [...choice.volumes] }));
          }}
        />
      ) : null}
    </div>
  );
}
