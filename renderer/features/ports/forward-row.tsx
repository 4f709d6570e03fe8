// One published port on the board: where it listens, what it leads to, what went through, and why it is not served.
import { IconActivity, IconExternalLink, IconWifi } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { addressText } from '../../../preload/contract';
import type { Forward } from '../../../preload/contract';
import { useFormat } from '../../format';
import { href } from '../../routes';
import { ErrorNotice } from '../../ui/error-notice';
import { ExternalLink } from '../../ui/external-link';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import { StateMark } from '../../ui/state-mark';
import table from '../../ui/table.module.css';
import { brokenHop, urlOf } from './model';
import css from './ports.module.css';
import type { Line } from './model';
import type { Probe } from './use-probes';

interface ForwardRowProps {
  readonly line: Line;
  readonly probe: Probe | undefined;
  readonly selected: boolean;
  readonly onProbe: () => void;
}

export function ForwardRow({ line: { forward, project, alsoOn }, probe, selected, onProbe }: ForwardRowProps): ReactNode {
  const { t } = useTranslation('ports');
  const format = useFormat();
  const url = urlOf(forward);
  const broken = probe?.hops && brokenHop(probe.hops);
  const state = forward.error !== undefined ? 'failed' : broken !== undefined ? 'broken' : 'served';
  const counted = forward.error === undefined && forward.way === 'relay';
  const title = [addressText(forward), ...alsoOn.map((address) => addressText({ address, port: forward.port }))].join(', ');
  return (
    <>
      <tr className={table['row']} aria-selected={selected} data-state={state}>
        <td title={title}>
          <span className="row">
            <StateMark kind={{ failed: 'fail', broken: 'warn', served: 'run' }[state] as 'fail' | 'warn' | 'run'} />
            {url === undefined ? (
              <code>{addressText(forward)}</code>
            ) : (
              <ExternalLink href={url}>
                <code>{addressText(forward)}</code>
              </ExternalLink>
            )}
            {forward.reach === 'lan' && (
              <span className="badge warn">
                <Icon of={IconWifi} small />
                {t('lan')}
              </span>
            )}
            <Way forward={forward} />
          </span>
        </td>
        <td className="t2">{forward.protocol.toUpperCase()}</td>
        <td className="ell">
          {project !== undefined && <span className="t2">{project} / </span>}
          {forward.kind === 'service' ? (
            <span className="med">
              {forward.name} <span className="badge">{t('service')}</span>
            </span>
          ) : (
            <a className="med" href={href('containers', forward.container)}>
              {forward.name}
            </a>
          )}
          <span className="t2"> : {forward.containerPort}</span>
        </td>
        <td className={table['end']}>{counted ? forward.connections : '–'}</td>
        <td className={table['end']}>{counted ? format.bytes(forward.bytesIn) : '–'}</td>
        <td className={table['end']}>{counted ? format.bytes(forward.bytesOut) : '–'}</td>
        <td className={{ failed: 'c-bad', broken: 'c-warn', served: 't2' }[state]}>
          {t(`state.${state}`)}
          {forward.dropped > 0 && <span className="c-warn s"> · {t('dropped', { count: forward.dropped })}</span>}
        </td>
        <td>
          <span className={table['actions']}>
            {url !== undefined && (
              <ExternalLink className={css['open']} href={url} aria-label={t('open', { url })} title={url}>
                <Icon of={IconExternalLink} small />
              </ExternalLink>
            )}
            <IconButton icon={IconActivity} label={t('probe.of', { address: addressText(forward) })} onClick={onProbe} />
          </span>
        </td>
      </tr>
      {forward.error !== undefined && (
        <tr className={table['notice']}>
          <td colSpan={8}>
            <ErrorNotice error={forward.error} />
          </td>
        </tr>
      )}
    </>
  );
}

/** The way that was chosen, where it is not the usual one. */
function Way({ forward: { way, notDirect } }: { readonly forward: Forward }): ReactNode {
  const { t } = useTranslation('ports');
  if (way === 'hostfwd') {
    return <span className="badge">{t('tcp.hostfwd.label')}</span>;
  }
  return notDirect === undefined ? null : (
    <span className="badge" title={t(`notDirect.${notDirect.reason}`, { detail: notDirect.detail })}>
      {t('tcp.relay.label')}
    </span>
  );
}
