// Pulls and loads on their way, in figures: one card a task, its layers as strata, each layer on its own line when opened.
import { Button } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../format';
import { useActions, useStore } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { IconButton } from '../../ui/icon-button';
import { StateMark } from '../../ui/state-mark';
import { PullSteps } from './pull-steps';
import styles from './images.module.css';
import type { ReactNode } from 'react';
import type { LayerProgress, Task } from '../../../preload/contract';
import type { MarkKind } from '../../ui/state-mark';
import type { Load } from './use-load';

/** A layer without a size yet still has a place in the strata. */
const unknownLayer = 1_000_000;

export function TaskCards({ load }: { readonly load: Load }): ReactNode {
  const tasks = useStore((state) => state.tasks);
  // The backend tells of loads too; the page's own card knows the file and how to stop it.
  const shown = tasks.filter(
    ({ kind, state, steps }) =>
      (state === 'running' && (kind === 'pull' || (kind === 'load' && load.now === undefined))) ||
      (kind === 'pull' && (state === 'failed' || (state === 'done' && steps !== undefined))),
  );
  if (shown.length === 0 && load.now === undefined && load.failed === undefined) {
    return null;
  }
  return (
    <div className={styles.cards}>
      {load.failed !== undefined && <ErrorNotice error={load.failed.error} onDismiss={load.dismiss} />}
      {load.now !== undefined && <LoadCard load={load} />}
      {shown.map((task) =>
        task.state === 'failed' ? (
          <FailedCard key={task.id} task={task} />
        ) : task.state === 'done' ? (
          <DoneCard key={task.id} task={task} />
        ) : (
          <RunningCard key={task.id} task={task} />
        ),
      )}
    </div>
  );
}

function FailedCard({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('images');
  const actions = useActions();
  if (task.error === undefined) {
    return null;
  }
  return (
    <ErrorNotice error={task.error} onDismiss={() => void actions.dismissTask(task.id)}>
      <span className="t2 s">{t('pull.failed', { name: task.subject })}</span>
    </ErrorNotice>
  );
}

/** A pull that has something to tell: which mirror it came from, which one was passed by. */
function DoneCard({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('images');
  const actions = useActions();
  return (
    <section className={styles.card} aria-label={t('pull.done', { name: task.subject })}>
      <header>
        <StateMark kind="pass" />
        <b className="strong ell" title={task.subject}>
          {task.subject}
        </b>
        <span className="end" />
        <IconButton
          small
          icon={IconX}
          label={t('pull.dismiss', { name: task.subject })}
          onClick={() => {
            void actions.dismissTask(task.id);
          }}
        />
      </header>
      <PullSteps steps={task.steps ?? []} />
    </section>
  );
}

function LoadCard({ load: { now, cancel } }: { readonly load: Load }): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  if (now === undefined) {
    return null;
  }
  const ratio = now.sizeBytes === 0 ? 0 : now.receivedBytes / now.sizeBytes;
  const unpacking = ratio >= 1;
  return (
    <section className={styles.card} aria-label={t('load.card', { name: now.name })}>
      <header>
        <StateMark kind="busy" />
        <b className="strong ell">{now.name}</b>
        <span className="t2 s nowrap">
          {unpacking ? t('load.unpacking') : t('load.sent', { done: format.bytes(now.receivedBytes), total: format.bytes(now.sizeBytes) })}
          {now.waiting > 0 && ` · ${t('load.waiting', { count: now.waiting })}`}
        </span>
        <span className="end" />
        <span className={styles.strata} aria-hidden="true">
          <i style={{ flex: 1 }}>
            <b style={{ width: `${String(Math.min(100, ratio * 100))}%` }} />
          </i>
        </span>
        <b className="strong">{format.percent(Math.min(1, ratio))}</b>
        <Button size="compact-xs" onClick={cancel}>
          {t('pull.cancel')}
        </Button>
      </header>
    </section>
  );
}

function RunningCard({ task }: { readonly task: Task }): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  const actions = useActions();
  const [open, setOpen] = useState(true);
  const [cancelling, setCancelling] = useState(false);
  const { layers = [], currentBytes, totalBytes, bytesPerSecond } = task;
  const name = t(task.kind === 'load' ? 'load.card' : 'pull.card', { name: task.subject });
  const left = bytesPerSecond > 0 && totalBytes > currentBytes ? (totalBytes - currentBytes) / bytesPerSecond : undefined;
  const facts = [
    totalBytes > 0
      ? t('pull.bytes', { done: format.bytes(currentBytes), total: format.bytes(totalBytes) })
      : currentBytes > 0
        ? format.bytes(currentBytes)
        : t('pull.starting'),
    bytesPerSecond > 0 ? format.rate(bytesPerSecond) : '',
    left === undefined ? '' : t('pull.left', { time: format.age(left * 1000) }),
  ].filter((fact) => fact !== '');
  return (
    <section className={styles.card} aria-label={name}>
      <header>
        <StateMark kind="busy" />
        <b className="strong ell" title={task.subject}>
          {task.subject}
        </b>
        <span className="t2 s nowrap">{cancelling ? t('pull.cancelling') : facts.join(' · ')}</span>
        <span className="end" />
        <span className={styles.strata} aria-hidden="true">
          {layers.map((layer) => (
            <i
              key={layer.id}
              style={{ flex: layer.totalBytes === 0 ? unknownLayer : layer.totalBytes }}
              data-done={isDone(layer) || undefined}
            >
              <b style={{ width: `${String(ratioOf(layer) * 100)}%` }} />
            </i>
          ))}
        </span>
        <b
          className="strong"
          role="progressbar"
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(totalBytes > 0 ? (currentBytes / totalBytes) * 100 : 0)}
        >
          {totalBytes > 0 ? format.percent(Math.min(1, currentBytes / totalBytes)) : '–'}
        </b>
        {task.cancellable !== false && (
          <Button
            size="compact-xs"
            disabled={cancelling}
            onClick={() => {
              setCancelling(true);
              void actions.cancelTask(task.id);
            }}
          >
            {t('pull.cancel')}
          </Button>
        )}
        {layers.length > 0 && (
          <IconButton
            small
            icon={open ? IconChevronUp : IconChevronDown}
            label={t(open ? 'pull.hideLayers' : 'pull.showLayers')}
            expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          />
        )}
      </header>
      {open && task.steps !== undefined && <PullSteps steps={task.steps} />}
      {open && layers.length > 0 && (
        <ul className={styles.layers}>
          {layers.map((layer) => (
            <Layer key={layer.id} layer={layer} />
          ))}
        </ul>
      )}
    </section>
  );
}

const marks: Readonly<Record<LayerProgress['phase'], MarkKind>> = {
  waiting: 'new',
  downloading: 'busy',
  verifying: 'busy',
  extracting: 'busy',
  exists: 'pass',
  done: 'pass',
};

function isDone({ phase }: LayerProgress): boolean {
  return phase === 'done' || phase === 'exists';
}

function ratioOf(layer: LayerProgress): number {
  return isDone(layer) ? 1 : layer.totalBytes === 0 ? 0 : Math.min(1, layer.currentBytes / layer.totalBytes);
}

function Layer({ layer }: { readonly layer: LayerProgress }): ReactNode {
  const { t } = useTranslation('images');
  const format = useFormat();
  const { id, phase, currentBytes, totalBytes } = layer;
  const moving = phase === 'downloading' && totalBytes > 0;
  return (
    <li>
      <StateMark kind={marks[phase]} />
      <code className="ell">{id}</code>
      {moving ? (
        <span className="bar">
          <i style={{ width: `${String(ratioOf(layer) * 100)}%` }} />
        </span>
      ) : (
        <span className="t2">{t(`layer.${phase}`)}</span>
      )}
      <span className={styles.figure}>
        {totalBytes === 0
          ? ''
          : moving
            ? t('pull.bytes', { done: format.bytes(currentBytes), total: format.bytes(totalBytes) })
            : format.bytes(totalBytes)}
      </span>
    </li>
  );
}
