// Asks once before containers go: what goes, what stays, whether their anonymous volumes go too.
import { Switch } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../state/context';
import { RemoveDialog, useNames } from '../../ui/remove-dialog';
import { isUp } from './state';
import type { ReactNode } from 'react';
import type { Client, ContainerSummary } from '../../../preload/contract';

interface RemoveContainersProps {
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

export function RemoveContainers({ containers, onClose, onConfirm }: RemoveContainersProps): ReactNode {
  const { t } = useTranslation('containers');
  const namesOf = useNames();
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
  const goes = (
    <ul>
      <li>{t('remove.changed', { count })}</li>
      {withVolumes && anonymous > 0 && <li>{t('remove.anonymous', { count: anonymous })}</li>}
    </ul>
  );
  const stays = (
    <ul>
      <li>{t('remove.images', { count: images.size, name: first?.image ?? '' })}</li>
      {volumes !== undefined && volumes.named.length > 0 && (
        <li>{t('remove.volumes', { count: volumes.named.length, names: namesOf(volumes.named.map((name) => ({ name }))) })}</li>
      )}
      {!withVolumes && anonymous > 0 && <li>{t('remove.anonymousKept', { count: anonymous })}</li>}
      <li className="t2">{t('remove.others')}</li>
    </ul>
  );
  const warning = count === 1 ? t('remove.runningOne', { name: first?.name ?? '' }) : t('remove.runningSome', { count: running.length });
  return (
    <RemoveDialog
      title={t('remove.title', { count, name: first?.name ?? '' })}
      names={count > 1 ? namesOf(containers) : undefined}
      warning={running.length > 0 ? warning : undefined}
      goes={goes}
      stays={stays}
      confirm={t(running.length > 0 ? 'remove.confirmForce' : 'remove.confirm', { count })}
      onConfirm={() => {
        onConfirm(containers, withVolumes);
      }}
      onClose={onClose}
    >
      <Switch
        mt={16}
        checked={withVolumes}
        label={t('remove.withVolumes')}
        description={volumes === undefined ? undefined : t('remove.anonymous', { count: anonymous })}
        onChange={(event) => {
          setWithVolumes(event.currentTarget.checked);
        }}
      />
    </RemoveDialog>
  );
}
