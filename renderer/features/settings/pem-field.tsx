// A field for a certificate or a key: pasted, dropped or chosen as a file; a binary one becomes base64.
import { Textarea } from '@mantine/core';
import { useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import css from './trust.module.css';

/** The contract takes no more. */
const MAX_BYTES = 1024 * 1024;

interface PemFieldProps {
  readonly label: string;
  readonly value: string;
  readonly rows?: number;
  readonly isKey?: boolean;
  readonly error?: boolean;
  readonly onChange: (value: string) => void;
}

export function PemField({ label, value, rows = 3, isKey = false, error = false, onChange }: PemFieldProps): ReactNode {
  const { t } = useTranslation('trust');
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null): void => {
    void Promise.all([...(files ?? [])].map(readFile)).then((texts) => {
      if (texts.length > 0) {
        onChange([value.trim(), ...texts].filter((text) => text !== '').join('\n'));
      }
    });
  };
  return (
    <div className={css['field']}>
      <div className={css['label']}>
        <label htmlFor={id}>{label}</label>
        <button type="button" className="link s" onClick={() => input.current?.click()}>
          {t('certificates.file')}
        </button>
      </div>
      <div
        className={css['drop']}
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files);
        }}
      >
        <Textarea
          id={id}
          value={value}
          rows={rows}
          error={error}
          spellCheck={false}
          placeholder={t(isKey ? 'certificates.pasteKey' : 'certificates.paste')}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </div>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={label}
        accept=".pem,.crt,.cer,.cert,.der,.key"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}

async function readFile(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.slice(0, MAX_BYTES).arrayBuffer());
  // DER begins with a sequence of two length bytes; text does not.
  return bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x7f
    ? btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    : new TextDecoder().decode(bytes).trim();
}
