// Dark lines over the waterline: what happened, and for ten seconds the way back. Hover or focus stops the time; Ctrl-Z takes back the newest.
import { IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useActions, useStore } from '../state/context';
import type { Toast } from '../state/slices/ui';
import { Icon } from '../ui/icon';
import css from './toasts.module.css';
import { inField, modKey } from './shortcuts';

const UNDO_MS = 10_000;
const PLAIN_MS = 4000;

export function Toasts(): ReactNode {
  const { t } = useTranslation('frame');
  const toasts = useStore((s) => s.ui.toasts);
  return (
    <div className={css['toasts']} role="region" aria-label={t('toast.region')}>
      {toasts.map((toast, index) => (
        <ToastLine key={toast.id} toast={toast} newest={index === toasts.length - 1} />
      ))}
    </div>
  );
}

function ToastLine({ toast, newest }: { readonly toast: Toast; readonly newest: boolean }): ReactNode {
  const { t } = useTranslation(['frame', 'common']);
  const { closeToast } = useActions();
  const [held, setHeld] = useState(false);
  const left = useRef(toast.undo === undefined ? PLAIN_MS : UNDO_MS);
  const { id, undo } = toast;

  useEffect(() => {
    if (held) {
      return;
    }
    const started = Date.now();
    const timer = setTimeout(() => closeToast(id), left.current);
    return () => {
      clearTimeout(timer);
      left.current -= Date.now() - started;
    };
  }, [held, id, closeToast]);

  useEffect(() => {
    if (!newest || undo === undefined) {
      return;
    }
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z' && !inField(event.target)) {
        event.preventDefault();
        closeToast(id);
        undo();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [newest, id, undo, closeToast]);

  return (
    <div
      className={css['toast']}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="grow ell" role="status">
        {toast.text}
      </span>
      {undo === undefined ? null : (
        <>
          <button
            type="button"
            className={css['undo']}
            onClick={() => {
              closeToast(id);
              undo();
            }}
          >
            {t('frame:toast.undo')}
          </button>
          {newest ? <kbd>{modKey} Z</kbd> : null}
        </>
      )}
      <button type="button" aria-label={t('common:close')} onClick={() => closeToast(id)}>
        <Icon of={IconX} small />
      </button>
    </div>
  );
}
