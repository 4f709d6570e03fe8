// Who of the containers reaches services of this computer: the choice, the ports of the list, and plainly whether it is enforced.
import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { hostAccessModes, hostNames, parseHostPorts } from '../../../preload/contract';
import type { HostAccessStatus, HostPort } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { useStream } from '../../state/use-stream';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import css from './settings.module.css';

export function HostAccessSection(): ReactNode {
  const { t } = useTranslation('host');
  const status = useStream('host.changes');
  const set = useCall('settings.set');
  return (
    <section>
      <h2>{t('title')}</h2>
      {set.error === undefined ? null : <ErrorNotice error={set.error} onDismiss={set.reset} />}
      {status === undefined ? (
        <SkeletonRows rows={2} widths={[120, 260]} />
      ) : (
        <>
          {status.error === undefined ? null : <ErrorNotice error={status.error} />}
          <div className={css['line']}>
            <div>
              <h3>{t('access')}</h3>
              <p>{t(`mode.${status.access}.text`)}</p>
            </div>
            <SegmentedControl
              aria-label={t('access')}
              value={status.access}
              disabled={set.pending}
              onChange={(value) => void set.run({ host: { access: hostAccessModes.find((name) => name === value) } })}
              data={hostAccessModes.map((value) => ({ value, label: t(`mode.${value}.label`) }))}
            />
          </div>
          {status.access === 'list' ? (
            <Ports
              key={status.ports.map(({ port }) => port).join()}
              ports={status.ports}
              save={(ports) => void set.run({ host: { ports: [...ports] } })}
            />
          ) : null}
          <div className={css['line']}>
            <div>
              <h3>{t('names')}</h3>
              <p>
                {hostNames.map((name) => (
                  <code key={name}>{name} </code>
                ))}
                {t('namesText', { address: status.address })}
              </p>
              <p>
                <StateMark kind={status.enforced ? 'pass' : 'warn'} /> {t(wordsOf(status))}
              </p>
            </div>
          </div>
        </>
      )}
    </section>
  );
}

function wordsOf({ access, enforced, error, pendingRestart }: HostAccessStatus): string {
  return error !== undefined
    ? 'state.notEnforced'
    : pendingRestart
      ? 'state.pending'
      : enforced && access !== 'all'
        ? 'state.enforced'
        : 'state.all';
}

interface PortsProps {
  readonly ports: readonly HostPort[];
  readonly save: (ports: readonly number[]) => void;
}

function Ports({ ports, save }: PortsProps): ReactNode {
  const { t } = useTranslation('host');
  const saved = ports.map(({ port }) => port).join(', ');
  const [text, setText] = useState(saved);
  const parsed = parseHostPorts(text);
  const own = ports.filter(({ state }) => state === 'own').map(({ port }) => port);
  return (
    <form
      className={css['line']}
      onSubmit={(event) => {
        event.preventDefault();
        if (parsed !== undefined) {
          save(parsed);
        }
      }}
    >
      <div>
        <h3>{t('ports')}</h3>
        <p>{t('portsText')}</p>
        {own.length === 0 ? null : <p>{t('own', { ports: own.join(', ') })}</p>}
      </div>
      <Group gap={8} wrap="nowrap">
        <TextInput
          aria-label={t('ports')}
          placeholder="5432, 6379"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={parsed === undefined ? t('portsWrong') : undefined}
        />
        <Button type="submit" disabled={parsed === undefined || text === saved}>
          {t('save')}
        </Button>
      </Group>
    </form>
  );
}
