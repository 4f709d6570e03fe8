// Title, count, the way to the palette, notices. On every desktop the system draws the window's own buttons.
import { IconBell, IconChevronRight, IconSearch } from '@tabler/icons-react';
import { Popover } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { href } from '../routes';
import type { Route } from '../routes';
import { useActions, useStore } from '../state/context';
import { ErrorNotice } from '../ui/error-notice';
import { Icon } from '../ui/icon';
import { IconButton } from '../ui/icon-button';
import css from './frame.module.css';
import { modKey } from './shortcuts';
import { pageOf } from './sidebar';

/** What has a page of its own. */
const SETTINGS_PARTS = ['diagnostics', 'engine', 'shares', 'tools'] as const;

export function TopBar({ route }: { readonly route: Route }): ReactNode {
  const { t } = useTranslation('frame');
  return (
    <header className={css['top']}>
      <Title route={route} />
      <button type="button" className={css['search']} onClick={spotlight.open} aria-label={t('palette.open')}>
        <Icon of={IconSearch} small />
        <span>{t('palette.open')}</span>
        <kbd>{modKey} K</kbd>
      </button>
      <Notices />
    </header>
  );
}

function Title({ route }: { readonly route: Route }): ReactNode {
  const { t } = useTranslation('frame');
  const { page, args } = route;
  const id = page === 'containers' ? args[0] : undefined;
  const name = useStore((s) => (id === undefined ? undefined : (s.engine.containers[id]?.name ?? id.slice(0, 12))));
  const part = page === 'settings' ? SETTINGS_PARTS.find((each) => each === args[0]) : undefined;
  const leaf =
    name ??
    (part !== undefined ? t(`page.${part}`) : page === 'run' ? t('page.run') : page === 'terminal' ? t('page.terminal') : undefined);
  const parent = pageOf(page);
  const title = leaf ?? t(`page.${parent}`);
  useEffect(() => {
    document.title = `${title} · Berth`;
  }, [title]);
  return (
    <>
      {leaf === undefined ? null : (
        <span className={css['crumb']}>
          <a href={href(parent)}>{t(`page.${parent}`)}</a>
          <Icon of={IconChevronRight} small />
        </span>
      )}
      <h1>{title}</h1>
      {leaf === undefined && route.query.get('tab') === null ? <Count page={page} /> : null}
      {part === 'engine' ? <code className={css['counted']}>{'daemon.json'}</code> : null}
    </>
  );
}

function Count({ page }: { readonly page: string }): ReactNode {
  const { t } = useTranslation('frame');
  const known = useStore((s) => s.engine.known);
  const total = useStore((s) => s.engine.containerIds.length);
  const running = useStore((s) =>
    page === 'containers' ? s.engine.containerIds.filter((id) => s.engine.containers[id]?.state === 'running').length : 0,
  );
  if (page === 'mirrors') {
    return <span className={css['counted']}>{t('count.mirrors')}</span>;
  }
  return known && total > 0 && page === 'containers' ? (
    <span className={css['counted']}>{t('count.containers', { running, total })}</span>
  ) : null;
}

function Notices(): ReactNode {
  const { t } = useTranslation('frame');
  const notices = useStore((s) => s.notices);
  const opened = useStore((s) => s.ui.panel === 'notices');
  const actions = useActions();
  const worst = notices.some(({ level }) => level === 'error') ? 'error' : 'warn';
  return (
    <Popover
      opened={opened}
      onChange={(open) => actions.openPanel(open ? 'notices' : undefined)}
      position="bottom-end"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <span className={css['bell']}>
          <IconButton
            icon={IconBell}
            label={t('notices.open', { count: notices.length })}
            expanded={opened}
            onClick={() => actions.openPanel(opened ? undefined : 'notices')}
          />
          {notices.length > 0 ? <span className={css['dot']} data-level={worst} /> : null}
        </span>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('notices.title')}>
        <div className={css['notices']} tabIndex={-1} data-autofocus>
          <h2>{t('notices.title')}</h2>
          {notices.length === 0 ? <p className="t2">{t('notices.none')}</p> : null}
          {notices.map(({ id, error, level }) => (
            <ErrorNotice key={id} error={error} level={level} onDismiss={() => void actions.dismissNotice(id)} />
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
