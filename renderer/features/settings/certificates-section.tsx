// Certificate authorities that the engine trusts besides the virtual machine's own: this computer's, added ones, and those of single registries.
import { Button, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { TrustState } from '../../../preload/contract';
import { useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { CertificateRow, nameOf } from './certificate-row';
import { AddedAuthorities } from './certificates-added';
import { RegistryCertificatesList } from './certificates-registries';
import { RestartHint } from './restart-hint';
import css from './trust.module.css';

/** From here on a list is searched, not read. */
const MANY = 12;

export function CertificatesSection(): ReactNode {
  const trust = useStore((s) => s.trust);
  return trust === undefined ? (
    <SkeletonRows rows={3} widths={[120, 260]} />
  ) : (
    <div className={css['section']}>
      <HostAuthorities trust={trust} />
      <AddedAuthorities added={trust.added} />
      <RegistryCertificatesList registries={trust.registries} />
    </div>
  );
}

interface Choice {
  readonly chosen: ReadonlySet<string>;
  readonly followHost: boolean;
}

function HostAuthorities({ trust }: { readonly trust: TrustState }): ReactNode {
  const { t } = useTranslation('trust');
  const choose = useCall('trust.chooseHost');
  const [draft, setDraft] = useState<Choice>();
  const [search, setSearch] = useState('');
  const saved: Choice = {
    chosen: new Set(trust.host.filter(({ chosen }) => chosen).map(({ fingerprint }) => fingerprint)),
    followHost: trust.followHost,
  };
  const { chosen, followHost } = draft ?? saved;
  const changed =
    followHost !== saved.followHost || chosen.size !== saved.chosen.size || [...chosen].some((each) => !saved.chosen.has(each));
  const shown = trust.host.filter(({ subject }) => subject.toLowerCase().includes(search.trim().toLowerCase()));
  const toggle = (fingerprint: string): void => {
    const next = new Set(chosen);
    if (!next.delete(fingerprint)) {
      next.add(fingerprint);
    }
    choose.reset();
    setDraft({ chosen: next, followHost });
  };
  const save = async (): Promise<void> => {
    if ((await choose.run({ fingerprints: [...chosen], followHost })) !== undefined) {
      setDraft(undefined);
    }
  };
  return (
    <section className={css['block']} aria-labelledby="trust-host">
      <div className={css['head']}>
        <h3 id="trust-host">{t('certificates.host')}</h3>
        <Switch
          labelPosition="left"
          label={t('certificates.follow')}
          checked={followHost}
          onChange={(event) => setDraft({ chosen, followHost: event.currentTarget.checked })}
        />
      </div>
      <p className="hint">{t('certificates.hostText')}</p>
      {trust.host.length >= MANY ? (
        <TextInput
          aria-label={t('certificates.search')}
          placeholder={t('certificates.searchIn', { count: trust.host.length, chosen: chosen.size })}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      ) : null}
      {trust.host.length === 0 ? (
        <p className="hint">{t(trust.guestKnown ? 'certificates.hostNone' : 'certificates.hostUnknown')}</p>
      ) : (
        <ul className={css['list']}>
          {shown.map((each) => (
            <CertificateRow key={each.fingerprint} certificate={each}>
              <Switch aria-label={nameOf(each.subject)} checked={chosen.has(each.fingerprint)} onChange={() => toggle(each.fingerprint)} />
            </CertificateRow>
          ))}
        </ul>
      )}
      {choose.error === undefined ? null : <ErrorNotice error={choose.error} onDismiss={choose.reset} />}
      {changed ? (
        <div className={css['do']}>
          <RestartHint />
          <Button variant="subtle" disabled={choose.pending} onClick={() => setDraft(undefined)}>
            {t('discard')}
          </Button>
          <Button variant="filled" disabled={choose.pending} onClick={() => void save()}>
            {t(choose.pending ? 'applying' : 'apply')}
          </Button>
        </div>
      ) : null}
    </section>
  );
}
