// What tools with settings of their own are told. The DOCKER_HOST ones were tried with the tools (test/vm/clients.test.ts); the rest is from their documentation.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConnectState } from '../../../../preload/contract';
import { CopyLine } from '../../../ui/copy-line';
import settingsCss from '../settings.module.css';
import css from './tools.module.css';

export function ExamplesSection({ dockerHost, env }: Pick<ConnectState, 'dockerHost' | 'env'>): ReactNode {
  const { t } = useTranslation('connect');
  // `NAME=value` before a command needs the shell's own quotes.
  const assignment = (env.sh[0] ?? '').replace(/^export /, '');
  const examples = [
    { id: 'testcontainers', line: `docker.host=${dockerHost}` },
    { id: 'devcontainers', line: `${assignment} devcontainer up --workspace-folder .` },
    { id: 'vscode', line: `"containers.environment": ${JSON.stringify({ DOCKER_HOST: dockerHost })}` },
    { id: 'jetbrains', line: dockerHost },
    { id: 'libraries', line: assignment },
  ] as const;
  return (
    <section aria-labelledby="tools-examples">
      <h2 id="tools-examples">{t('examples.title')}</h2>
      {examples.map(({ id, line }) => (
        <div key={id} className={`${settingsCss['line'] ?? ''} ${css['example'] ?? ''}`}>
          <div>
            <h3>{t(`examples.${id}.title`)}</h3>
            <p>{t(`examples.${id}.text`)}</p>
          </div>
          <CopyLine text={line} />
        </div>
      ))}
    </section>
  );
}
