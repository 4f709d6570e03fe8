// What a verb of the VM came to, wherever it was asked for: the palette, a notice's way out, settings. Overview tells it beside its own buttons.
import type { ReactNode } from 'react';
import { useActions, useStore } from '../state/context';
import { ErrorNotice } from '../ui/error-notice';
import css from './frame.module.css';

export function VmError({ page }: { readonly page: string }): ReactNode {
  const failed = useStore((s) => s.ui.vmError);
  const actions = useActions();
  return failed === undefined || page === 'overview' ? null : (
    <div className={css['problem']}>
      <ErrorNotice error={failed.error} onRetry={() => void actions.retryVm()} onDismiss={actions.clearVmError} />
    </div>
  );
}
