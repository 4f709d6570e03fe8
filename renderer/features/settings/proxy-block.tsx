// One user of proxies: the mode, the addresses by hand with their mistakes, and what is in force by it.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { proxyModes } from '../../../preload/contract';
import type { HostProxySource, ProxyAddresses, ProxySetting, ProxyUser, WireError } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import { useErrorText } from '../../ui/error-text';
import { StateMark } from '../../ui/state-mark';
import { RestartHint } from './restart-hint';
import css from './trust.module.css';

const FIELDS = ['http', 'https', 'noProxy'] as const;
const EXAMPLES = {
  http: 'http://proxy.example.com:3128',
  https: 'http://proxy.example.com:3128',
  noProxy: 'localhost, .example.com, 10.0.0.0/8',
};
/** How the guest reaches this computer: an address by hand that names the loopback comes to this. */
const THIS_COMPUTER = '10.0.2.2';

interface ProxyBlockProps {
  readonly user: ProxyUser;
  readonly setting: ProxySetting;
  readonly source: HostProxySource;
}

type Draft = Pick<ProxySetting, 'mode' | 'manual'>;

export function ProxyBlock({ user, setting, source }: ProxyBlockProps): ReactNode {
  const { t } = useTranslation('trust');
  const set = useCall('trust.setProxies');
  const [edited, setEdited] = useState<Draft>();
  const { mode, manual } = edited ?? setting;
  const changed = mode !== setting.mode || (mode === 'manual' && FIELDS.some((field) => manual[field] !== setting.manual[field]));
  const wrong = fieldOf(set.error);
  const edit = (patch: Partial<Draft>): void => {
    set.reset();
    setEdited({ mode, manual, ...patch });
  };
  const save = async (): Promise<void> => {
    if ((await set.run({ [user]: { mode, manual } })) !== undefined) {
      setEdited(undefined);
    }
  };
  return (
    <form
      className={css['block']}
      aria-label={t(`proxies.user.${user}`)}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div className={css['head']}>
        <h3>{t(`proxies.user.${user}`)}</h3>
        <SegmentedControl
          aria-label={t(`proxies.user.${user}`)}
          value={mode}
          onChange={(value) => edit({ mode: proxyModes.find((name) => name === value) ?? 'none' })}
          data={proxyModes.map((value) => ({ value, label: t(`proxies.mode.${value}`) }))}
        />
      </div>
      <p className="hint">{t(`proxies.text.${user}`)}</p>
      {mode === 'manual'
        ? FIELDS.map((field) => (
            <Address
              key={field}
              label={t(`proxies.field.${field}`)}
              example={EXAMPLES[field]}
              value={manual[field]}
              error={wrong === field ? set.error : undefined}
              onChange={(value) => edit({ manual: { ...manual, [field]: value } })}
            />
          ))
        : null}
      {changed ? null : <Resolved mode={mode} resolved={setting.resolved} source={source} />}
      {set.error === undefined || wrong !== undefined ? null : <ErrorNotice error={set.error} onDismiss={set.reset} />}
      {changed ? (
        <div className={css['do']}>
          {user === 'engine' ? <RestartHint /> : <p className="hint">{t(`proxies.applies.${user}`)}</p>}
          <Button variant="subtle" disabled={set.pending} onClick={() => setEdited(undefined)}>
            {t('discard')}
          </Button>
          <Button type="submit" disabled={set.pending}>
            {t(set.pending ? 'applying' : 'apply')}
          </Button>
        </div>
      ) : null}
    </form>
  );
}

interface AddressProps {
  readonly label: string;
  readonly example: string;
  readonly value: string;
  readonly error: WireError | undefined;
  readonly onChange: (value: string) => void;
}

function Address({ label, example, value, error, onChange }: AddressProps): ReactNode {
  const { t } = useTranslation('trust');
  const words = useErrorText();
  const text = error === undefined ? undefined : words(error);
  return (
    <div className={css['field']}>
      <TextInput
        label={label}
        classNames={{ input: 'mono' }}
        placeholder={example}
        spellCheck={false}
        autoComplete="off"
        value={value}
        error={text !== undefined}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {text === undefined ? null : (
        <p className="wrong" role="alert">
          <StateMark kind="fail" />
          <span>{t('proxies.problem', { title: text.title, next: text.next })}</span>
        </p>
      )}
    </div>
  );
}

interface ResolvedProps {
  readonly mode: ProxySetting['mode'];
  readonly resolved: ProxyAddresses;
  readonly source: HostProxySource;
}

function Resolved({ mode, resolved, source }: ResolvedProps): ReactNode {
  const { t } = useTranslation('trust');
  const used = FIELDS.filter((field) => resolved[field] !== '');
  if (mode === 'none') {
    return null;
  }
  return (
    <>
      {mode === 'host' ? <p className="hint">{t(`proxies.source.${source}`)}</p> : null}
      {used.length === 0 ? null : (
        <dl className={css['resolved']}>
          {used.map((field) => (
            <div key={field} style={{ display: 'contents' }}>
              <dt>{t(`proxies.field.${field}`)}</dt>
              <dd>{resolved[field]}</dd>
            </div>
          ))}
        </dl>
      )}
      {`${resolved.http} ${resolved.https}`.includes(THIS_COMPUTER) ? (
        <p className="hint">{t('proxies.loopback', { address: THIS_COMPUTER })}</p>
      ) : null}
    </>
  );
}

function fieldOf(error: WireError | undefined): (typeof FIELDS)[number] | undefined {
  if (error?.code === 'trust.badNoProxy') {
    return 'noProxy';
  }
  return error?.code === 'trust.badProxy' ? FIELDS.find((field) => field === error.params['field']) : undefined;
}
