// Through what engine, containers and builds go out: follow this computer, by hand, or none, each for itself, with what it comes to now.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { proxyUsers } from '../../../preload/contract';
import { useStore } from '../../state/context';
import { SkeletonRows } from '../../ui/delayed';
import { StateMark } from '../../ui/state-mark';
import { ProxyBlock } from './proxy-block';
import css from './trust.module.css';

export function ProxiesSection(): ReactNode {
  const { t } = useTranslation('trust');
  const trust = useStore((s) => s.trust);
  if (trust === undefined) {
    return <SkeletonRows rows={3} widths={[120, 260]} />;
  }
  const { proxies, hostProxies } = trust;
  return (
    <div className={css['section']}>
      {hostProxies.pac === undefined ? null : (
        <div className="note warn" role="status">
          <StateMark kind="warn" />
          <div className="title">{t('proxies.pac')}</div>
          <p>{t('proxies.pacText', { address: hostProxies.pac })}</p>
        </div>
      )}
      {proxyUsers.map((user) => (
        <ProxyBlock key={user} user={user} setting={proxies[user]} source={hostProxies.source} />
      ))}
    </div>
  );
}
