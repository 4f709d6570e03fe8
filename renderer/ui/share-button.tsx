// The way out of a bind that is not shared: shares the folder, says at once what stands against it, and lets what failed be tried again.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../state/context';
import { useAttempt } from '../state/use-attempt';
import { useErrorText } from './error-text';

interface ShareButtonProps {
  readonly path: string;
  /** Tries again what was refused. */
  readonly onShared: (() => void) | undefined;
}

export function ShareButton({ path, onShared }: ShareButtonProps): ReactNode {
  const { t } = useTranslation('common');
  const client = useClient();
  const errorText = useErrorText();
  const { run, pending, error } = useAttempt();
  const problem = error === undefined ? undefined : errorText(error);
  return (
    <>
      <Button
        size="compact-xs"
        title={path}
        loading={pending}
        onClick={() => void run(() => client.call('shares.add', { path })).then((shared) => (shared ? onShared?.() : undefined))}
      >
        {t(onShared === undefined ? 'way.shareFolder' : 'way.shareAndRetry')}
      </Button>
      {problem === undefined ? null : (
        <span className="c-bad s" role="alert">
          {problem.title} · {problem.next}
        </span>
      )}
    </>
  );
}
