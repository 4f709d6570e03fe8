// One certificate in a list: who it is, who signed it, until when; at the right what the list does with it.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CertificateInfo } from '../../../preload/contract';
import { useNow } from '../../ui/use-now';
import css from './trust.module.css';

/** Its end is told in colour from here on. */
const SOON_MS = 30 * 86_400_000;

interface CertificateRowProps {
  readonly certificate: CertificateInfo;
  readonly children: ReactNode;
}

export function CertificateRow({ certificate, children }: CertificateRowProps): ReactNode {
  const { t } = useTranslation('trust');
  const now = useNow(undefined);
  const { subject, issuer, notAfter, fingerprint } = certificate;
  const date = new Date(notAfter).toISOString().slice(0, 10);
  return (
    <li className={css['row']}>
      <div title={t('certificates.whole', { subject, issuer, fingerprint })}>
        <b>{nameOf(subject)}</b>
        <span className={notAfter - now < SOON_MS ? css['late'] : undefined}>
          {subject === issuer
            ? t('certificates.until', { owner: ownerOf(subject), date })
            : t('certificates.issued', { issuer: nameOf(issuer), date })}
        </span>
      </div>
      {children}
    </li>
  );
}

/** The most telling part of `CN=…, O=…, C=…`. */
export function nameOf(subject: string): string {
  return part(subject, 'CN') ?? part(subject, 'OU') ?? part(subject, 'O') ?? subject;
}

function ownerOf(subject: string): string {
  return part(subject, 'O') ?? nameOf(subject);
}

function part(subject: string, key: string): string | undefined {
  return new RegExp(`(?:^|, )${key}=(.*?)(?=, [A-Za-z.0-9]+=|$)`).exec(subject)?.[1];
}
