// How to use the engine from a terminal of the host: the context first, then one shell only.
import { Button, SegmentedControl } from '@mantine/core';
import { IconTerminal2 } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { navigate } from '../../routes';
import { useStore } from '../../state/context';
import { CopyLine } from '../../ui/copy-line';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { contextCommands, shellCommands, shells } from './commands';
import type { Shell } from './commands';
import css from './dashboard.module.css';

export function TerminalUse(): ReactNode {
  const { t } = useTranslation('dashboard');
  const app = useStore((s) => s.app);
  const [shell, setShell] = useState<Shell>(() => (navigator.platform.startsWith('Win') ? 'powershell' : 'sh'));
  if (app === undefined) {
    return null;
  }
  return (
    <section className={css['section']}>
      <div className="sec">
        <h2>{t('terminal.title')}</h2>
        <span className="end">
          <span className={app.context === 'selected' ? 'c-run' : ''}>
            <StateMark kind={app.context === 'selected' ? 'run' : app.context === 'present' ? 'exit' : 'warn'} />{' '}
            {t(`terminal.context.${app.context}`, { name: app.contextName })}
          </span>
        </span>
      </div>
      <div className={css['lines']}>
        {contextCommands(app).map((line) => (
          <CopyLine key={line} text={line} />
        ))}
      </div>
      <p className={`t3 s ${css['or']}`}>{t('terminal.oneShell')}</p>
      <div className={css['lines']}>
        {shellCommands(shell, app.dockerHost).map((line) => (
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
        {app.features.hostTerminal ? (
          <Button className="end" leftSection={<Icon of={IconTerminal2} small />} onClick={() => navigate('#/terminal')}>
            {t('terminal.open')}
          </Button>
        ) : null}
      </div>
    </section>
  );
}
