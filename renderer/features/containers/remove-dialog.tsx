// Asks once before containers go: what goes, what stays, whether their anonymous volumes go too. Cancel has the focus.
import { Button, Modal, Switch } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../state/context';
import { StateMark } from '../../ui/state-mark';
import styles from './containers.module.css';
import { isUp } from './state';
import type { ReactNode } from 'react';
import type { Client, ContainerSummary } from '../../../preload/contract';

interface RemoveDialogProps {
  readonly containers: readonly ContainerSummary[];
  readonly onClose: () => void;
  readonly onConfirm: (containers: readonly ContainerSummary[], volumes: boolean) => void;
}

interface Volumes {
  readonly named: readonly string[];
  readonly anonymous: number;
}

/** dockerd names a volume that nobody named by 64 hex digits. */
const anonymousName = /^[0-9a-f]{64}$/;
const shown = 8;

async function volumesOf(client: Client, containers: readonly ContainerSummary[], signal: AbortSignal): Promise<Volumes> {
  const details = await Promise.allSettled(containers.map(({ id }) => client.call('containers.inspect', { id }, { signal })));
  const names = new Set(
    details.flatMap((detail) =>
      detail.status === 'fulfilled' ? detail.value.mounts.filter(({ type }) => type === 'volume').map(({ source }) => source) : [],
    ),
  );
  const named = [...names].filter((name) => !anonymousName.test(name));
  return { named, anonymous: names.size - named.length };
}

export function RemoveDialog({ containers, onClose, onConfirm }: RemoveDialogProps): ReactNode {
  const { t } = useTranslation(['containers', 'common']);
  const client = useClient();
  const [withVolumes, setWithVolumes] = useState(false);
  const [volumes, setVolumes] = useState<Volumes>();
  const [first] = containers;
  useEffect(() => {
    const abort = new AbortController();
    volumesOf(client, containers, abort.signal).then(
      (found) => {
        if (!abort.signal.aborted) {
          setVolumes(found);
        }
      },
      () => undefined,
    );
    return () => {
      abort.abort();
    };
  }, [client, containers]);

  const running = containers.filter(isUp);
  const images = new Set(containers.map(({ image }) => image));
  const count = containers.length;
  const anonymous = volumes?.anonymous ?? 0;
  return (
    <Modal
      opened
      onClose={onClose}
      size={460}
      title={t('remove.title', { count, name: first?.name ?? '' })}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      {count > 1 && (
        <p className={styles.names}>
          {containers
            .slice(0, shown)
            .map(({ name }) => name)
            .join(', ')}
          {count > shown && ` ${t('remove.more', { count: count - shown })}`}
        </p>
      )}
      {running.length > 0 && (
        <p className={styles.warning}>
          <StateMark kind="warn" />
          <span>
            {count === 1 ? t('remove.runningOne', { name: first?.name ?? '' }) : t('remove.runningSome', { count: running.length })}
          </span>
        </p>
      )}
      <dl className={styles.lists}>
        <dt>{t('remove.goes')}</dt>
        <dd>
          <ul>
            <li>{t('remove.changed', { count })}</li>
            {withVolumes && anonymous > 0 && <li>{t('remove.anonymous', { count: anonymous })}</li>}
          </ul>
        </dd>
        <dt>{t('remove.stays')}</dt>
        <dd>
          <ul>
            <li>{t('remove.images', { count: images.size, name: first?.image ?? '' })}</li>
            {volumes !== undefined && volumes.named.length > 0 && (
              <li>{t('remove.volumes', { count: volumes.named.length, names: volumes.named.slice(0, shown).join(', ') })}</li>
            )}
            {!withVolumes && anonymous > 0 && <li>{t('remove.anonymousKept', { count: anonymous })}</li>}
            <li className="t2">{t('remove.others')}</li>
          </ul>
        </dd>
      </dl>
      <Switch
        mt={16}
        checked={withVolumes}
        label={t('remove.withVolumes')}
        description={volumes === undefined ? undefined : t('remove.anonymous', { count: anonymous })}
        onChange={(event) => {
          setWithVolumes(event.currentTarget.checked);
        }}
      />
      <div className="modal-foot">
        <Button data-autofocus onClick={onClose}>
          {t('common:cancel')}
        </Button>
        <Button
          variant="filled"
          color="bad"
          onClick={() => {
            onConfirm(containers, withVolumes);
          }}
        >
          {t(running.length > 0 ? 'remove.confirmForce' : 'remove.confirm', { count })}
        </Button>
      </div>
    </Modal>
  );
}
