// Certificates for single registries: what dockerd keeps in certs.d. They need no restart.
import { Button, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RegistryCertificates } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { nameOf } from './certificate-row';
import { PemField } from './pem-field';
import css from './trust.module.css';

const EMPTY = { registry: '', authorities: '', clientCertificate: '', clientKey: '' };

export function RegistryCertificatesList({ registries }: { readonly registries: readonly RegistryCertificates[] }): ReactNode {
  const { t } = useTranslation('trust');
  const remove = useCall('trust.setRegistry');
  const [open, setOpen] = useState(false);
  const words = ({ authorities, client }: RegistryCertificates): string =>
    [
      ...(authorities.length === 0 ? [] : [t('certificates.by', { names: authorities.map(({ subject }) => nameOf(subject)).join(', ') })]),
      ...(client === undefined ? [] : [t('certificates.client', { name: nameOf(client.subject) })]),
    ].join(' · ');
  return (
    <section className={css['block']} aria-labelledby="trust-registries">
      <div className={css['head']}>
        <h3 id="trust-registries">{t('certificates.registries')}</h3>
        {open ? null : (
          <button type="button" className="link s" onClick={() => setOpen(true)}>
            {t('certificates.addRegistry')}
          </button>
        )}
      </div>
      <p className="hint">{t('certificates.registriesText')}</p>
      {remove.error === undefined ? null : <ErrorNotice error={remove.error} onDismiss={remove.reset} />}
      {registries.length === 0 ? null : (
        <ul className={css['list']}>
          {registries.map((each) => (
            <li key={each.registry} className={css['row']}>
              <div>
                <b className="mono">{each.registry}</b>
                <span>{words(each)}</span>
              </div>
              <IconButton
                small
                icon={IconX}
                label={t('certificates.remove', { name: each.registry })}
                disabled={remove.pending}
                onClick={() => void remove.run({ registry: each.registry, authorities: '' })}
              />
            </li>
          ))}
        </ul>
      )}
      {open ? <RegistryForm onClose={() => setOpen(false)} /> : null}
    </section>
  );
}

function RegistryForm({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { t } = useTranslation('trust');
  const set = useCall('trust.setRegistry');
  const [draft, setDraft] = useState(EMPTY);
  const edit = (patch: Partial<typeof EMPTY>): void => {
    set.reset();
    setDraft({ ...draft, ...patch });
  };
  const given = draft.authorities.trim() !== '' || draft.clientCertificate.trim() !== '' || draft.clientKey.trim() !== '';
  const save = async (): Promise<void> => {
    if ((await set.run(draft)) !== undefined) {
      onClose();
    }
  };
  return (
    <form
      className={css['form']}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextInput
        label={t('certificates.registry')}
        classNames={{ input: 'mono' }}
        placeholder="registry.example.com:5000"
        spellCheck={false}
        value={draft.registry}
        error={set.error?.code === 'trust.badRegistry'}
        onChange={(event) => edit({ registry: event.currentTarget.value })}
      />
      <PemField
        label={t('certificates.registryAuthority')}
        rows={2}
        value={draft.authorities}
        onChange={(authorities) => edit({ authorities })}
      />
      <PemField
        label={t('certificates.clientCertificate')}
        rows={2}
        value={draft.clientCertificate}
        onChange={(clientCertificate) => edit({ clientCertificate })}
      />
      <PemField label={t('certificates.clientKey')} isKey rows={2} value={draft.clientKey} onChange={(clientKey) => edit({ clientKey })} />
      {set.error === undefined ? null : <ErrorNotice error={set.error} onDismiss={set.reset} />}
      <div className={css['do']}>
        <Button variant="subtle" onClick={onClose}>
          {t('discard')}
        </Button>
        <Button type="submit" disabled={set.pending || !given || draft.registry.trim() === ''}>
          {t(set.pending ? 'applying' : 'certificates.save')}
        </Button>
      </div>
    </form>
  );
}
