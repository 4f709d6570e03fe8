// How to use the engine from a terminal of the host: the context first, then one shell only.
import { Button, SegmentedControl } from '@mantine/core';
import { IconTerminal2 } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../../routes';
import { useStore } from '../../state/context';
import { useStream } from '../../state/use-stream';
import { contextUse, envLine } from '../../ui/connect-lines';
import type { ContextUse } from '../../ui/connect-lines';
import { CopyLine } from '../../ui/copy-line';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import css from './dashboard.module.css';

const shells = ['sh', 'fish', 'powershell'] as const;
const MARK = { selected: 'run', present: 'exit', none: 'warn' } as const;

function contextLines(use: ContextUse, name: string): readonly string[] {
  return { selected: ['docker ps'], present: [`docker --context ${name} ps`, `docker context use ${name}`], none: [] }[use];
}

export function TerminalUse(): ReactNode {
  const { t } = useTranslation('dashboard');
  const hostTerminal = useStore((s) => s.app?.features.hostTerminal === true);
  const connect = useStream('connect.changes');
  const [shell, setShell] = useState<(typeof shells)[number]>(() => (navigator.platform.startsWith('Win') ? 'powershell' : 'sh'));
  if (connect === undefined) {
    return null;
  }
  const { name } = connect.context;
  const use = contextUse(connect.context);
  return (
    <section className={css['section']}>
      <div className="sec">
        <h2>{t('terminal.title')}</h2>
        <span className="end">
          <span className={use === 'selected' ? 'c-run' : ''}>
            <StateMark kind={MARK[use]} /> {t(`terminal.context.${use}`, { name })}
          </span>
        </span>
      </div>
      <div className={css['lines']}>
        {contextLines(use, name).map((line) => (
          <CopyLine key={line} text={line} />
        ))}
      </div>
      <p className={`t3 s ${css['or']}`}>{t('terminal.oneShell')}</p>
      <div className={css['lines']}>
        {[envLine[shell] ?? '', ...connect.env[shell]].map((line) => (
          <CopyLine key={line} text={line} />
        ))}
      </div>
      <div className={`row ${css['shells']}`}>
        <SegmentedControl
          value={shell}
          onChange={(value) => setShell(shells.find((name) => name === value) ?? 'sh')}
          data={shells.map((name) => ({ value: name, label: t(`terminal.shell.${name}`) }))}
          aria-label={t('terminal.shellLabel')}
        />
        {hostTerminal ? (
          <Button className="end" leftSection={<Icon of={IconTerminal2} small />} onClick={() => navigate('#/terminal')}>
            {t('terminal.open')}
          </Button>
        ) : null}
      </div>
    </section>
  );
}
