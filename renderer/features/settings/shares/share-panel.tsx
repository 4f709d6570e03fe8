// The chosen folder: what containers may do there, who uses it, its open files; removing it; and what owners and watchers can count on.
import { Button, Switch } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Share, SharesStatus } from '../../../../preload/contract';
import { useActions, useClient } from '../../../state/context';
import { useAttempt } from '../../../state/use-attempt';
import { ErrorNotice } from '../../../ui/error-notice';
import { RemoveDialog, useNames } from '../../../ui/remove-dialog';
import { driverNames, isFull, nameOf } from './model';
import css from './shares.module.css';
import { UsedBy } from './used-by';

interface SharePanelProps {
  readonly share: Share;
  readonly driver: SharesStatus['driver'];
}

export function SharePanel({ share, driver }: SharePanelProps): ReactNode {
  const { t } = useTranslation('shares');
  const client = useClient();
  const change = useAttempt();
  const { path, readOnly, files } = share;
  return (
    <aside className="panel" aria-label={path}>
      <div className="sec">
        <h3 className="ell">{nameOf(path)}</h3>
      </div>
      <dl className={`facts ${css['facts'] ?? ''}`}>
        <dt>{t('panel.here')}</dt>
        <dd>
          <code>{path}</code>
        </dd>
        <dt>{t('panel.guest')}</dt>
        <dd>{t('panel.same')}</dd>
        <dt>{t('panel.way')}</dt>
        <dd>{driverNames[driver]}</dd>
      </dl>
      <div className={css['switch']}>
        <Switch
          label={t('readOnly')}
          description={t('panel.readOnlyText')}
          checked={readOnly}
          disabled={change.pending}
          onChange={(event) => {
            const wanted = event.currentTarget.checked;
            void change.run(() => client.call('shares.add', { path, readOnly: wanted }));
          }}
        />
      </div>
      {change.error === undefined ? null : <ErrorNotice error={change.error} onDismiss={change.reset} />}
      {files === undefined ? null : <Files {...files} />}
      <hr className="rule" />
      <UsedBy names={share.usedBy} />
      <hr className="rule" />
      <h3 className={css['sub']}>{t('owners.title')}</h3>
      <p className="hint">{t(`owners.${driver}`)}</p>
      <h3 className={css['sub']}>{t('events.title')}</h3>
      <p className="hint">{t('events.text')}</p>
      <hr className="rule" />
      <Remove share={share} />
    </aside>
  );
}

function Files({ open, limit }: { readonly open: number; readonly limit: number }): ReactNode {
  const { t } = useTranslation('shares');
  const full = isFull({ open, limit });
  return (
    <div className={css['files']}>
      <span className="t2 s">{t('files.label')}</span>
      <span className={`s ${full ? 'c-warn' : ''}`}>{t('files.figures', { open, limit })}</span>
      <div className={`bar ${full ? 'warn' : ''}`} aria-hidden="true">
        <i style={{ width: `${Math.min(100, (open / limit) * 100)}%` }} />
      </div>
      <p className="hint">{t(full ? 'files.full' : 'files.text')}</p>
    </div>
  );
}

/** Nothing is lost by it, so it asks only where running containers would lose their files. */
function Remove({ share: { path, readOnly, usedBy } }: { readonly share: Share }): ReactNode {
  const { t } = useTranslation('shares');
  const client = useClient();
  const actions = useActions();
  const names = useNames();
  const removal = useAttempt();
  const [asking, setAsking] = useState(false);
  const remove = async (force: boolean): Promise<void> => {
    setAsking(false);
    if (await removal.run(() => client.call('shares.remove', { path, force }))) {
      actions.toast(t('removed', { path }), () => void client.call('shares.add', { path, readOnly }).catch(() => undefined));
    }
  };
  return (
    <>
      {removal.error === undefined ? null : <ErrorNotice error={removal.error} onDismiss={removal.reset} />}
      <Button
        {...(usedBy.length === 0 ? {} : { variant: 'outline', 'data-danger': true })}
        loading={removal.pending}
        onClick={() => (usedBy.length === 0 ? void remove(false) : setAsking(true))}
      >
        {t(usedBy.length === 0 ? 'remove.do' : 'remove.ask')}
      </Button>
      {asking ? (
        <RemoveDialog
          title={t('remove.title', { path })}
          names={names(usedBy.map((name) => ({ name })))}
          warning={t('remove.warning', { count: usedBy.length })}
          goes={t('remove.goes')}
          stays={t('remove.stays')}
          confirm={t('remove.do')}
          onConfirm={() => void remove(true)}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
