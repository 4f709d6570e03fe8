// The quay: pages that exist, with their counts, and the tasks at the foot. Below 1040 px it is a rail of icons.
import { Tooltip } from '@mantine/core';
import {
  IconBolt,
  IconBox,
  IconLayoutDashboard,
  IconLifebuoy,
  IconPlugConnected,
  IconServer2,
  IconSettings,
  IconVersions,
} from '@tabler/icons-react';
import { Fragment } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import logo from '../../assets/berth-icon.svg';
import { href } from '../routes';
import { useStore } from '../state/context';
import { Icon } from '../ui/icon';
import css from './frame.module.css';
import { Tasks } from './tasks';
import { useNarrow } from './use-narrow';

export const PAGES = ['overview', 'containers', 'images', 'mirrors', 'ports', 'disk', 'repair', 'settings'] as const;
/** Below it stands what is about the engine itself. */
const FIRST_OF_ENGINE = 'mirrors';
type PageName = (typeof PAGES)[number];

export const PAGE_ICONS: Readonly<Record<PageName, ComponentProps<typeof Icon>['of']>> = {
  overview: IconLayoutDashboard,
  containers: IconBox,
  images: IconVersions,
  mirrors: IconBolt,
  ports: IconPlugConnected,
  disk: IconServer2,
  repair: IconLifebuoy,
  settings: IconSettings,
};

export function Sidebar({ page }: { readonly page: string }): ReactNode {
  const { t } = useTranslation('frame');
  const containers = useStore((s) => (s.engine.known ? s.engine.containerIds.length : undefined));
  const images = useStore((s) => (s.engine.known ? s.engine.imageIds.length : undefined));
  const counts: Partial<Record<PageName, number | undefined>> = { containers, images };
  return (
    <aside className={css['side']}>
      <div className={css['brand']}>
        <img src={logo} alt="" />
        <div>
          <b>{t('name')}</b>
          <span>{t('thisComputer')}</span>
        </div>
      </div>
      <nav className={css['nav']} aria-label={t('nav')}>
        {PAGES.map((name) => (
          <Fragment key={name}>
            {name === FIRST_OF_ENGINE ? <h2>{t('engine')}</h2> : null}
            <NavLink name={name} current={name === pageOf(page)} count={counts[name]} />
          </Fragment>
        ))}
      </nav>
      <Tasks />
    </aside>
  );
}

function NavLink({
  name,
  current,
  count,
}: {
  readonly name: PageName;
  readonly current: boolean;
  readonly count: number | undefined;
}): ReactNode {
  const { t } = useTranslation('frame');
  const narrow = useNarrow();
  return (
    <Tooltip label={t(`page.${name}`)} position="right" disabled={!narrow}>
      <a href={href(name)} aria-label={t(`page.${name}`)} {...(current ? { 'aria-current': 'page' as const } : {})}>
        <Icon of={PAGE_ICONS[name]} />
        <span className={css['label']}>{t(`page.${name}`)}</span>
        {count === undefined ? null : <span className={css['count']}>{count}</span>}
      </a>
    </Tooltip>
  );
}

/** Pages without a place of their own in the sidebar belong to one that has. */
export function pageOf(page: string): PageName {
  return page === 'run' ? 'containers' : (PAGES.find((name) => name === page) ?? 'overview');
}
