// The repair ladder: what each rung keeps before it runs, how far it is while it runs, and what it did, which stays.
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RepairOrder, RungName } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { useStream } from '../../state/use-stream';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import { FindCause } from './find-cause';
import { KeptDisks } from './kept-disks';
import { LadderTable } from './ladder-table';
import { Reports } from './reports';
import css from './repair.module.css';
import { RungDialog } from './rung-dialog';

/** Nothing stops and nothing is lost: these begin at once. */
const AT_ONCE: readonly RungName[] = ['reconnect', 'engine'];

export function RepairPage(): ReactNode {
  const { t } = useTranslation('repair');
  const state = useStream('repair.changes');
  const run = useCall('repair.run');
  const [asked, setAsked] = useState<RungName>();
  if (state === undefined) {
    return <SkeletonRows rows={8} widths={[180, 60, 80, 60, 60, 60]} />;
  }
  const [last] = state.reports;
  const running = last?.result === 'running' ? last : undefined;
  const start = async (order: RepairOrder): Promise<void> => {
    if ((await run.run(order)) !== undefined) {
      setAsked(undefined);
    }
  };
  const ask = (name: RungName | undefined): void => {
    run.reset();
    setAsked(name);
  };
  const choose = (name: RungName): void => {
    if (AT_ONCE.includes(name)) {
      void start({ rung: name } as RepairOrder);
    } else {
      ask(name);
    }
  };
  const refused = run.error === undefined ? null : <ErrorNotice error={run.error} onDismiss={run.reset} />;
  return (
    <div className={`split ${css['split'] ?? ''}`}>
      <section>
        <div className={css['why']}>
          {asked === undefined ? refused : null}
          {last?.result === 'damaged' ? (
            <Note kind="bad" mark="sick" title={t('damagedNow.title')} text={t('damagedNow.text')} />
          ) : state.error === undefined ? (
            <Note kind="" mark="pass" title={t('well.title')} text={t('well.text')} />
          ) : (
            <ErrorNotice error={state.error} />
          )}
        </div>
        <LadderTable rungs={state.rungs} running={running?.rung} onChoose={choose} />
      </section>
      <aside className="panel">
        <Reports reports={state.reports} />
        <KeptDisks kept={state.kept} />
        <FindCause />
      </aside>
      {asked === undefined ? null : (
        <RungDialog
          rung={asked}
          state={state}
          pending={run.pending}
          refused={refused}
          onGo={(order) => void start(order)}
          onClose={() => ask(undefined)}
        />
      )}
    </div>
  );
}

interface NoteProps {
  readonly kind: 'bad' | '';
  readonly mark: 'sick' | 'pass';
  readonly title: string;
  readonly text: string;
}

function Note({ kind, mark, title, text }: NoteProps): ReactNode {
  return (
    <div className={`note ${kind}`} role="status">
      <StateMark kind={mark} />
      <div className="title">{title}</div>
      <p>{text}</p>
    </div>
  );
}
