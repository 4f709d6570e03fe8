// Fills the clipboard, says for a moment that it did, and tells a refusal: a browser without the focus, or without leave.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useActions } from '../state/context';

const SHOWN_MS = 1500;

export function useCopy(): { readonly copied: boolean; readonly copy: (text: string) => void } {
  const { t } = useTranslation('common');
  const actions = useActions();
  const [copied, setCopied] = useState(false);
  const fill = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      actions.toast(t('notCopied'));
    }
  };
  return { copied, copy: (text) => void fill(text) };
}
