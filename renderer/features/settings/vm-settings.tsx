// The machine: CPUs, memory, accelerator. Checked with the host's figures, saved whole, in force at the next start.
import { Button, NumberInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings, VmLimits, WireError } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { useCall } from '../../state/use-call';
import { useErrorText } from '../../ui/error-text';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import { AcceleratorChoice } from './accelerator-choice';
import css from './settings.module.css';
import { checkDraft, draftOf, gibWithin, nearest, sameDraft, valuesOf } from './vm-draft';
import type { VmDraft } from './vm-draft';

export function VmSettings({ settings, limits }: { readonly settings: Settings; readonly limits: VmLimits }): ReactNode {
  const { t } = useTranslation('settings');
  const format = useFormat();
  const set = useCall('settings.set');
  const saved = draftOf(settings);
  const [edited, setEdited] = useState<VmDraft>();
  const draft = edited ?? saved;
  const own = checkDraft(draft, limits);
  const cpusError = own.cpus ?? only(set.error, 'settings.cpus');
  const memoryError = own.memory ?? only(set.error, 'settings.memory');
  const other =
    set.error !== undefined && set.error.code !== 'settings.cpus' && set.error.code !== 'settings.memory' ? set.error : undefined;
  const changed = !sameDraft(draft, saved);
  const invalid = own.cpus !== undefined || own.memory !== undefined;

  const edit = (patch: Partial<VmDraft>): void => {
    set.reset();
    setEdited({ ...draft, ...patch });
  };
  const save = async (): Promise<void> => {
    if ((await set.run({ vm: valuesOf(draft) })) !== undefined) {
      setEdited(undefined);
    }
  };

  return (
    <section>
      <h2>{t('vm.title')}</h2>
      <Pending />
      {other === undefined ? null : <ErrorNotice error={other} onDismiss={set.reset} />}
      <div className={css['line']}>
        <div>
          <h3 id="vm-cpus">{t('vm.cpus')}</h3>
          <p>{t('vm.cpusText', { max: limits.cpus.max, default: limits.cpus.default })}</p>
          {cpusError === undefined ? null : (
            <FieldError
              id="vm-cpus-error"
              error={cpusError}
              fix={t('vm.use', { value: nearest(Math.round(Number(draft.cpus)) || limits.cpus.min, limits.cpus) })}
              onFix={() => edit({ cpus: String(nearest(Math.round(Number(draft.cpus)) || limits.cpus.min, limits.cpus)) })}
            />
          )}
        </div>
        <NumberInput
          className={css['number'] ?? ''}
          value={draft.cpus}
          onChange={(value) => edit({ cpus: String(value) })}
          placeholder={t('vm.default', { value: String(limits.cpus.default) })}
          error={cpusError !== undefined}
          aria-labelledby="vm-cpus"
          aria-describedby="vm-cpus-error"
          allowNegative={false}
          startValue={limits.cpus.default}
        />
      </div>
      <div className={css['line']}>
        <div>
          <h3 id="vm-memory">{t('vm.memory')}</h3>
          <p>{t('vm.memoryText', { min: format.memory(limits.memoryBytes.min), max: format.memory(limits.memoryBytes.max) })}</p>
          {memoryError === undefined ? null : (
            <FieldError
              id="vm-memory-error"
              error={memoryError}
              fix={t('vm.useMemory', { value: gibWithin(valuesOf(draft).memoryBytes ?? 0, limits.memoryBytes) })}
              onFix={() => edit({ memoryGib: String(gibWithin(valuesOf(draft).memoryBytes ?? 0, limits.memoryBytes)) })}
            />
          )}
        </div>
        <NumberInput
          className={css['number'] ?? ''}
          value={draft.memoryGib}
          onChange={(value) => edit({ memoryGib: String(value) })}
          placeholder={t('vm.default', { value: format.memory(limits.memoryBytes.default) })}
          suffix=" GB"
          decimalScale={2}
          step={0.5}
          error={memoryError !== undefined}
          aria-labelledby="vm-memory"
          aria-describedby="vm-memory-error"
          allowNegative={false}
        />
      </div>
      <AcceleratorChoice value={draft.accelerator} verdicts={limits.accelerators} onChange={(accelerator) => edit({ accelerator })} />
      <div className={css['foot']}>
        <span className="t3 s grow">{changed ? t('vm.nextStart') : ''}</span>
        <Button variant="subtle" disabled={!changed || set.pending} onClick={() => setEdited(undefined)}>
          {t('vm.discard')}
        </Button>
        <Button variant="filled" disabled={!changed || invalid || set.pending} onClick={() => void save()}>
          {t(set.pending ? 'vm.saving' : 'vm.save')}
        </Button>
      </div>
    </section>
  );
}

/** Saved, and not in force: said until a start has taken it over. */
function Pending(): ReactNode {
  const { t } = useTranslation('settings');
  const actions = useActions();
  const waits = useStore((s) => s.vm.status?.pendingRestart === true);
  const running = useStore((s) => s.vm.status?.state === 'running');
  const pending = useStore((s) => s.ui.pendingVm !== undefined);
  return waits ? (
    <div className="note warn" role="status">
      <StateMark kind="warn" />
      <div className="title">{t('pending.title')}</div>
      <p>{t('pending.text')}</p>
      {running ? (
        <div className="do">
          <Button size="compact-xs" disabled={pending} onClick={() => void actions.restartVm()}>
            {t('pending.restart')}
          </Button>
        </div>
      ) : null}
    </div>
  ) : null;
}

interface FieldErrorProps {
  readonly id: string;
  readonly error: WireError;
  readonly fix: string;
  readonly onFix: () => void;
}

function FieldError({ id, error, fix, onFix }: FieldErrorProps): ReactNode {
  const { t } = useTranslation('settings');
  const text = useErrorText()(error);
  return (
    <p className={css['error']} id={id} role="alert">
      <StateMark kind="fail" />
      <span>
        {t('vm.problem', { title: text.title, next: text.next })}{' '}
        <button type="button" className="link" onClick={onFix}>
          {fix}
        </button>
      </span>
    </p>
  );
}

function only(error: WireError | undefined, code: WireError['code']): WireError | undefined {
  return error?.code === code ? error : undefined;
}
