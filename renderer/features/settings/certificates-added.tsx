// Authorities that the user added, and the field that takes another one.
import { Button } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CertificateInfo } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { CertificateRow, nameOf } from './certificate-row';
import { PemField } from './pem-field';
import { RestartHint } from './restart-hint';
import css from './trust.module.css';

export function AddedAuthorities({ added }: { readonly added: readonly CertificateInfo[] }): ReactNode {
  const { t } = useTranslation('trust');
  const add = useCall('trust.addAuthority');
  const remove = useCall('trust.removeAuthority');
  const [data, setData] = useState('');
  const error = add.error ?? remove.error;
  const reset = (): void => {
    add.reset();
    remove.reset();
  };
  const send = async (): Promise<void> => {
    remove.reset();
    if ((await add.run({ data })) !== undefined) {
      setData('');
    }
  };
  return (
    <section className={css['block']} aria-labelledby="trust-added">
      <div className={css['head']}>
        <h3 id="trust-added">{t('certificates.added')}</h3>
      </div>
      <p className="hint">{t('certificates.addedText')}</p>
      {added.length === 0 ? null : (
        <ul className={css['list']}>
          {added.map((each) => (
            <CertificateRow key={each.fingerprint} certificate={each}>
              <IconButton
                small
                icon={IconX}
                label={t('certificates.remove', { name: nameOf(each.subject) })}
                disabled={remove.pending}
                onClick={() => void remove.run({ fingerprint: each.fingerprint })}
              />
            </CertificateRow>
          ))}
        </ul>
      )}
      <PemField
        label={t('certificates.authority')}
        value={data}
        error={add.error !== undefined}
        onChange={(value) => {
          reset();
          setData(value);
        }}
      />
      {error === undefined ? null : <ErrorNotice error={error} onDismiss={reset} />}
      {data.trim() === '' ? null : (
        <div className={css['do']}>
          <RestartHint />
          <Button variant="subtle" disabled={add.pending} onClick={() => setData('')}>
            {t('discard')}
          </Button>
          <Button variant="filled" disabled={add.pending} onClick={() => void send()}>
            {t(add.pending ? 'applying' : 'certificates.add')}
          </Button>
        </div>
      )}
    </section>
  );
}
