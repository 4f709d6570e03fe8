// The docker context: what is there, whether a plain `docker` uses it, and what stands in the way.
import { Button, Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ContextState } from '../../../../preload/contract';
import { useClient } from '../../../state/context';
import { useAttempt } from '../../../state/use-attempt';
import { CopyLine } from '../../../ui/copy-line';
import { ErrorNotice } from '../../../ui/error-notice';
import { StateMark } from '../../../ui/state-mark';
import settingsCss from '../settings.module.css';
import css from './tools.module.css';

const MARK = { ours: 'pass', missing: 'new', elsewhere: 'warn', foreign: 'warn' } as const;

export function ContextSection({ context }: { readonly context: ContextState }): ReactNode {
  const { t } = useTranslation('connect');
  const client = useClient();
  const { run, pending, error, reset } = useAttempt();
  const { name, state, host, folder, current, previous, override, selected, cli } = context;
  const chosen = current === name;
  return (
    <section aria-labelledby="tools-context">
      <h2 id="tools-context">{t('context.title')}</h2>
      {error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />}
      {override === undefined || selected ? null : (
        <div className="note warn" role="status">
          <StateMark kind="warn" />
          <div className="title">{t('context.override', { variable: override.variable })}</div>
          <p>{t('context.overrideText', { variable: override.variable, value: override.value })}</p>
        </div>
      )}
      <div className={settingsCss['line']}>
        <div>
          <h3 className={css['state']}>
            <StateMark kind={MARK[state]} />
            {t(`context.state.${state}`, { name })}
          </h3>
          <p>{t(`context.text.${state}`, { name, host, folder })}</p>
        </div>
        <div className={css['do']}>
          {state === 'ours' ? (
            <Button variant="subtle" disabled={pending} onClick={() => void run(() => client.call('connect.removeContext', {}))}>
              {t('context.remove')}
            </Button>
          ) : (
            <Button disabled={pending || state === 'foreign'} onClick={() => void run(() => client.call('connect.createContext', {}))}>
              {t(state === 'elsewhere' ? 'context.repair' : 'context.create')}
            </Button>
          )}
        </div>
      </div>
      <div className={settingsCss['line']}>
        <div>
          <h3>{t('context.use')}</h3>
          <p>{t(chosen ? 'context.usedText' : 'context.useText', { current, previous })}</p>
        </div>
        <Switch
          aria-label={t('context.use')}
          checked={chosen}
          disabled={pending || (state !== 'ours' && !chosen)}
          onChange={(event) => {
            const on = event.currentTarget.checked;
            void run(() => client.call('connect.selectContext', { selected: on }));
          }}
        />
      </div>
      {state === 'ours' ? (
        <div className={css['lines']}>
          <CopyLine text={selected ? 'docker ps' : `docker --context ${name} ps`} />
        </div>
      ) : null}
      {cli === undefined ? <p className="hint">{t('context.noCli')}</p> : null}
    </section>
  );
}
