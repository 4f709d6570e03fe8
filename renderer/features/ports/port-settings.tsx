// The two settings of published ports, at the foot of their board: where those without an address go, and by which way.
import { SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { portWays } from '../../../preload/contract';
import type { Settings } from '../../../preload/contract';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';

const choices = { publish: ['loopback', 'lan'], tcp: portWays } as const;

export function PortSettings(): ReactNode {
  const ports = useStore((s) => s.settings?.ports);
  const direct = useStore((s) => s.vm.status?.features.hostfwd === true);
  if (ports === undefined) {
    return null;
  }
  return (
    <footer>
      <Choice name="publish" value={ports.publish} />
      {direct && <Choice name="tcp" value={ports.tcp} />}
    </footer>
  );
}

function Choice<N extends keyof typeof choices>({ name, value }: { readonly name: N; readonly value: Settings['ports'][N] }): ReactNode {
  const { t } = useTranslation('ports');
  const { run, error, reset } = useCall('settings.set');
  return (
    <div className="choice-foot">
      <div>
        <b className="med">{t(`${name}.title`)}</b>
        <p className="t2 s">{t(`${name}.${value}.text`)}</p>
        {error !== undefined && <ErrorNotice error={error} onDismiss={reset} />}
      </div>
      <SegmentedControl
        aria-label={t(`${name}.title`)}
        value={value}
        onChange={(next) => void run({ ports: { [name]: next } })}
        data={choices[name].map((each) => ({ value: each, label: t(`${name}.${each}.label`) }))}
      />
    </div>
  );
}
