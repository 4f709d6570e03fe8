// For one shell only: the lines that it must be given, as it reads them.
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { shellNames } from '../../../../preload/contract';
import type { ConnectState, ShellName } from '../../../../preload/contract';
import { envLine } from '../../../ui/connect-lines';
import { CopyLine } from '../../../ui/copy-line';
import settingsCss from '../settings.module.css';
import css from './tools.module.css';

export function EnvSection({ env }: Pick<ConnectState, 'env'>): ReactNode {
  const { t } = useTranslation('connect');
  const [shell, setShell] = useState<ShellName>(() => (navigator.platform.startsWith('Win') ? 'powershell' : 'sh'));
  const short = envLine[shell];
  return (
    <section aria-labelledby="tools-env">
      <h2 id="tools-env">{t('env.title')}</h2>
      <div className={settingsCss['line']}>
        <p>{t('env.text')}</p>
        <SegmentedControl
          aria-label={t('env.shellLabel')}
          value={shell}
          onChange={(value) => setShell(shellNames.find((name) => name === value) ?? 'sh')}
          data={shellNames.map((name) => ({ value: name, label: t(`env.shell.${name}`) }))}
        />
      </div>
      <div className={css['lines']}>
        {env[shell].map((line) => (
          <CopyLine key={line} text={line} />
        ))}
        {short === undefined ? null : <CopyLine text={short} />}
      </div>
      {shell === 'dotenv' ? <p className="hint">{t('env.dotenvText')}</p> : null}
    </section>
  );
}
