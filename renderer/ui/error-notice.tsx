// What went wrong, what is kept, what to do: in place, with the way out as a button and the engine's own words behind a link.
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { errorTable } from '../../preload/contract';
import type { ErrorAction, WireError } from '../../preload/contract';
import { navigate, useRoute } from '../routes';
import { useActions } from '../state/context';
import { ShareButton } from './share-button';
import { knownError, useErrorText } from './error-text';
import { IconButton } from './icon-button';
import { StateMark } from './state-mark';

interface ErrorNoticeProps {
  readonly error: WireError;
  readonly level?: 'error' | 'warn' | 'info';
  /** For errors whose way out is to try again. */
  readonly onRetry?: (() => void) | undefined;
  readonly onDismiss?: (() => void) | undefined;
  /** More ways out, before the error's own. */
  readonly children?: ReactNode;
}

const GROUND = { error: 'bad', warn: 'warn', info: '' } as const;
const MARK = { error: 'fail', warn: 'warn', info: 'new' } as const;

export function ErrorNotice({ error, level = 'error', onRetry, onDismiss, children }: ErrorNoticeProps): ReactNode {
  const { t } = useTranslation('common');
  const text = useErrorText()(error);
  const [open, setOpen] = useState(false);
  const words = useId();
  const { action } = errorTable[knownError(error).code];
  // Where the sentence already quotes the words there is nothing more to show.
  const more = text.detail !== '' && !`${text.title}${text.kept}${text.next}`.includes(text.detail);
  return (
    <div className={`note ${GROUND[level]}`} role={level === 'error' ? 'alert' : 'status'}>
      <StateMark kind={MARK[level]} />
      <div className="title">{text.title}</div>
      {onDismiss === undefined ? null : (
        <div className="close">
          <IconButton small icon={IconX} label={t('dismiss')} onClick={onDismiss} />
        </div>
      )}
      <p>{text.kept}</p>
      <p>{text.next}</p>
      <div className="do">
        {children}
        <ActionButton action={action} params={error.params} onRetry={onRetry} />
        {more ? (
          <button type="button" className="link s" aria-expanded={open} aria-controls={words} onClick={() => setOpen(!open)}>
            {t('ownWords')}
          </button>
        ) : null}
      </div>
      {open && more ? (
        <blockquote id={words} lang="en">
          <pre className="tail words">{text.detail}</pre>
        </blockquote>
      ) : null}
    </div>
  );
}

interface ActionButtonProps {
  readonly action: ErrorAction;
  /** The error's: the mirror or the folder that it is about. */
  readonly params: WireError['params'];
  readonly onRetry: (() => void) | undefined;
}

function ActionButton({ action, params: { url, share }, onRetry }: ActionButtonProps): ReactNode {
  const { t } = useTranslation('common');
  const actions = useActions();
  const { page } = useRoute();
  const does: Partial<Record<ErrorAction, () => void>> = {
    start: () => void actions.startVm(),
    restartEngine: () => void actions.restartEngine(),
    restartVm: () => void actions.restartVm(),
    openSettings: () => navigate('#/settings'),
    openShares: () => navigate('#/settings/shares'),
    openDisk: () => navigate('#/disk'),
    // On that page it would lead nowhere.
    ...(page === 'repair' ? {} : { openRepair: () => navigate('#/repair') }),
    openLogs: () => actions.openPanel('log'),
    doctor: () => actions.openPanel('doctor'),
    ...(typeof url === 'string' ? { switchOffMirror: () => void actions.switchOffMirror(url) } : {}),
    ...(onRetry === undefined ? {} : { retry: onRetry }),
  };
  if (action === 'shareFolder' && typeof share === 'string') {
    return <ShareButton path={share} onShared={onRetry} />;
  }
  const run = does[action];
  return run === undefined ? null : (
    <Button size="compact-xs" onClick={run}>
      {t(`way.${action}`)}
    </Button>
  );
}
