// What a container is, as the engine says: facts, ports, mounts, networks, environment, labels. Values are text, never markup.
import { IconEye, IconEyeOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { SkeletonRows } from '../../ui/delayed';
import { CopyButton } from '../../ui/copy-line';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { ExternalLink } from '../../ui/external-link';
import { useNow } from '../../ui/use-now';
import { ageTick } from './cells';
import styles from './container-page.module.css';
import { hostPorts } from './state';
import { useDetail } from './use-detail';
import type { ReactNode } from 'react';
import type { ContainerDetail, ContainerSummary } from '../../../preload/contract';

interface OverviewProps {
  readonly container: ContainerSummary;
}

export function OverviewTab({ container }: OverviewProps): ReactNode {
  const { t } = useTranslation('containers');
  const { detail, error } = useDetail(container);
  if (detail === undefined) {
    return error === undefined ? <SkeletonRows rows={8} widths={[100, 260]} /> : <ErrorNotice error={error} />;
  }
  return (
    <div className={styles.overview}>
      <Facts container={container} detail={detail} />
      <div style={{ display: 'grid', gap: 24, alignContent: 'start', minWidth: 0 }}>
        <Ports container={container} />
        <Section title={t('overview.mounts')} none={t('overview.mountsNone')}>
          {detail.mounts.map((mount) => (
            <li key={mount.destination}>
              <code className="grow">
                {mount.source === '' ? mount.type : mount.source} → {mount.destination}
              </code>
              <span className="t3 s nowrap">
                {mount.type}
                {mount.readOnly && ` · ${t('overview.readOnly')}`}
              </span>
            </li>
          ))}
        </Section>
        <Section title={t('overview.networks')} none={t('overview.networksNone')}>
          {detail.networks.map(({ name, address, mac }) => (
            <li key={name}>
              <span className="grow">{name}</span>
              <code className="t2" title={mac}>
                {address === '' ? '–' : address}
              </code>
            </li>
          ))}
        </Section>
      </div>
      <Environment env={detail.env} />
      <Pairs title={t('overview.labels')} none={t('overview.labelsNone')} pairs={Object.entries(container.labels)} />
    </div>
  );
}

function Facts({ container, detail }: OverviewProps & { readonly detail: ContainerDetail }): ReactNode {
  const { t } = useTranslation('containers');
  const format = useFormat();
  const now = useNow(ageTick);
  const when = (at: number): string => `${format.moment(at)} · ${t('ago', { age: format.age(now - at) })}`;
  const facts: readonly (readonly [string, ReactNode] | undefined)[] = [
    [
      'id',
      <span key="id" className="row">
        <code>{container.id.slice(0, 12)}</code>
        <CopyButton text={container.id} />
      </span>,
    ],
    ['image', <code key="image">{container.image}</code>],
    container.project === undefined ? undefined : ['project', container.project],
    ['created', when(container.createdAt)],
    container.startedAt === undefined || container.state !== 'running' ? undefined : ['started', when(container.startedAt)],
    container.finishedAt === undefined || container.state === 'running' ? undefined : ['finished', when(container.finishedAt)],
    container.exitCode === undefined || container.state === 'running'
      ? undefined
      : ['exit', detail.oomKilled ? t('overview.oom', { code: container.exitCode }) : String(container.exitCode)],
    detail.entrypoint.length === 0 ? undefined : ['entrypoint', <code key="entrypoint">{detail.entrypoint.join(' ')}</code>],
    ['command', <code key="command">{detail.cmd.length === 0 ? '–' : detail.cmd.join(' ')}</code>],
    ['workingDir', <code key="dir">{detail.workingDir === '' ? '/' : detail.workingDir}</code>],
    ['user', detail.user === '' ? t('overview.userDefault') : detail.user],
    [
      'restartPolicy',
      ['no', 'always', 'on-failure', 'unless-stopped'].includes(detail.restartPolicy)
        ? t(`overview.policy.${detail.restartPolicy}`)
        : t('overview.policy.no'),
    ],
    ['tty', t(detail.tty ? 'overview.yes' : 'overview.no')],
    detail.error === ''
      ? undefined
      : [
          'engineWords',
          <code key="error" className="c-bad" lang="en">
            {detail.error}
          </code>,
        ],
  ];
  return (
    <section>
      <div className="sec">
        <h3>{t('overview.facts')}</h3>
      </div>
      <dl className="facts">
        {facts.map(
          (fact) =>
            fact !== undefined && (
              <div key={fact[0]} style={{ display: 'contents' }}>
                <dt>{t(`overview.${fact[0]}`)}</dt>
                <dd>{fact[1]}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}

function Ports({ container }: OverviewProps): ReactNode {
  const { t } = useTranslation('containers');
  const exposed = container.ports.filter(({ hostPort }) => hostPort === undefined);
  return (
    <Section title={t('overview.ports')} none={t('overview.portsNone')}>
      {[
        ...hostPorts(container).map(({ port, containerPort, protocol, url }) => (
          <li key={`${String(port)}/${protocol}`}>
            {url === undefined ? (
              <span className="grow">{port}</span>
            ) : (
              <ExternalLink className="grow" href={url}>
                {url}
              </ExternalLink>
            )}
            <code className="t2">
              → {containerPort}/{protocol}
            </code>
          </li>
        )),
        ...exposed.map(({ containerPort, protocol }) => (
          <li key={`x${String(containerPort)}/${protocol}`}>
            <span className="grow t3">{t('overview.exposed')}</span>
            <code className="t2">
              {containerPort}/{protocol}
            </code>
          </li>
        )),
      ]}
    </Section>
  );
}

function Section({
  title,
  none,
  children,
}: {
  readonly title: string;
  readonly none: string;
  readonly children: readonly ReactNode[];
}): ReactNode {
  return (
    <section>
      <div className="sec">
        <h3>{title}</h3>
      </div>
      {children.length === 0 ? <p className="t3">{none}</p> : <ul className={styles.list}>{children}</ul>}
    </section>
  );
}

/** Values may be passwords: shown when asked for. */
function Environment({ env }: { readonly env: readonly string[] }): ReactNode {
  const { t } = useTranslation('containers');
  const [shown, setShown] = useState(false);
  const pairs = env.map((text): readonly [string, string] => {
    const at = text.indexOf('=');
    return at < 0 ? [text, ''] : [text.slice(0, at), shown ? text.slice(at + 1) : '••••••'];
  });
  return (
    <Pairs
      title={t('overview.env')}
      none={t('overview.envNone')}
      pairs={pairs}
      action={
        <IconButton
          small
          icon={shown ? IconEyeOff : IconEye}
          label={t(shown ? 'overview.hideValues' : 'overview.showValues')}
          onClick={() => {
            setShown(!shown);
          }}
        />
      }
    />
  );
}

interface PairsProps {
  readonly title: string;
  readonly none: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly action?: ReactNode;
}

function Pairs({ title, none, pairs, action }: PairsProps): ReactNode {
  return (
    <section className={styles.wide}>
      <div className="sec" style={{ alignItems: 'center' }}>
        <h3>{title}</h3>
        {pairs.length > 0 && action}
      </div>
      {pairs.length === 0 ? (
        <p className="t3">{none}</p>
      ) : (
        <dl className={styles.pairs}>
          {pairs.map(([name, value]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
