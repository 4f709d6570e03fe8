// One command in a box with a copy button; what is copied is exactly what is shown.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { IconButton } from './icon-button';
import { useCopy } from './use-copy';

export function CopyLine({ text }: { readonly text: string }): ReactNode {
  return (
    <div className="cmd">
      <code title={text}>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

export function CopyButton({ text }: { readonly text: string }): ReactNode {
  const { t } = useTranslation('common');
  const { copied, copy } = useCopy();
  return (
    <>
      <IconButton small icon={copied ? IconCheck : IconCopy} label={copied ? t('copied') : t('copy')} onClick={() => copy(text)} />
      <span className="sr" role="status">
        {copied ? t('copied') : ''}
      </span>
    </>
  );
}
