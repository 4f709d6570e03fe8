// dockerd's own answer to inspect, unaltered: folds, search with steps, copy.
import { Button, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconCopy, IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { SkeletonRows } from '../../ui/delayed';
import { ErrorNotice } from '../../ui/error-notice';
import { Icon } from '../../ui/icon';
import { IconButton } from '../../ui/icon-button';
import { useCopy } from '../../ui/use-copy';
import styles from './container-page.module.css';
import { foldLines, jsonLines, lineText } from './json-lines';
import { useDetail } from './use-detail';
import type { ReactNode } from 'react';
import type { ContainerSummary } from '../../../preload/contract';
import type { JsonLine } from './json-lines';

const lineHeight = 20;
const indent = 16;

export function InspectTab({ container }: { readonly container: ContainerSummary }): ReactNode {
  const { detail, error } = useDetail(container);
  if (detail === undefined) {
    return error === undefined ? <SkeletonRows rows={10} widths={[220]} /> : <ErrorNotice error={error} />;
  }
  return <Json value={detail.raw} />;
}

function Json({ value }: { readonly value: unknown }): ReactNode {
  const { t } = useTranslation(['containers', 'common']);
  const [query, setQuery] = useState('');
  const [step, setStep] = useState(0);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const { copied, copy } = useCopy();
  const scroll = useRef<HTMLDivElement>(null);

  const lines = useMemo(() => jsonLines(value), [value]);
  const wanted = query.trim().toLowerCase();
  // A search looks everywhere: folds open while it lasts.
  const shown = useMemo(() => (wanted === '' ? foldLines(lines, folded) : lines), [lines, folded, wanted]);
  const hits = useMemo(
    () => (wanted === '' ? [] : shown.flatMap((line, index) => (lineText(line).toLowerCase().includes(wanted) ? [index] : []))),
    [shown, wanted],
  );
  const now = hits.length === 0 ? undefined : hits[((step % hits.length) + hits.length) % hits.length];
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoises here, and what it returns is used in place
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });

  const go = (to: number): void => {
    setStep(to);
    const target = hits[((to % hits.length) + hits.length) % hits.length];
    if (target !== undefined) {
      virtual.scrollToIndex(target, { align: 'center' });
    }
  };
  const toggle = (path: string): void => {
    setFolded((old) => {
      const next = new Set(old);
      if (!next.delete(path)) {
        next.add(path);
      }
      return next;
    });
  };
  return (
    <>
      <div className={styles.bar}>
        <TextInput
          className={styles.find}
          data-search
          aria-label={t('inspect.search')}
          placeholder={t('inspect.search')}
          leftSection={<Icon of={IconSearch} small />}
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value);
            setStep(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              go(step + (event.shiftKey ? -1 : 1));
            }
          }}
        />
        {wanted !== '' && (
          <>
            <span className="t3 s" role="status">
              {now === undefined ? t('inspect.noHits') : t('inspect.hits', { at: hits.indexOf(now) + 1, count: hits.length })}
            </span>
            <IconButton
              small
              icon={IconChevronUp}
              label={t('inspect.previous')}
              onClick={() => {
                go(step - 1);
              }}
            />
            <IconButton
              small
              icon={IconChevronDown}
              label={t('inspect.next')}
              onClick={() => {
                go(step + 1);
              }}
            />
          </>
        )}
        <span className="end" />
        <Button
          leftSection={<Icon of={IconCopy} small />}
          onClick={() => {
            copy(JSON.stringify(value, null, 2));
          }}
        >
          {copied ? t('common:copied') : t('inspect.copy')}
        </Button>
      </div>
      <div ref={scroll} className={styles.json} role="region" aria-label={t('inspect.label')} tabIndex={0} lang="en">
        <div style={{ position: 'relative', height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const line = shown[index];
            return (
              line !== undefined && (
                <div
                  key={index}
                  className={styles.line}
                  data-now={index === now || undefined}
                  style={{ transform: `translateY(${String(start)}px)` }}
                >
                  <span style={{ width: line.depth * indent + 18, flex: 'none' }} />
                  <Line line={line} wanted={wanted} isFolded={line.path !== undefined && folded.has(line.path)} onToggle={toggle} />
                </div>
              )
            );
          })}
        </div>
      </div>
    </>
  );
}

interface LineProps {
  readonly line: JsonLine;
  readonly wanted: string;
  readonly isFolded: boolean;
  readonly onToggle: (path: string) => void;
}

function Line({ line, wanted, isFolded, onToggle }: LineProps): ReactNode {
  const { key, text, kind, path, size } = line;
  return (
    <>
      {kind === 'open' && path !== undefined && (
        <button
          type="button"
          className={styles.fold}
          aria-expanded={!isFolded}
          aria-label={key ?? path}
          onClick={() => {
            onToggle(path);
          }}
        >
          <Icon of={IconChevronDown} small />
        </button>
      )}
      {key !== undefined && (
        <>
          <span className={styles.key}>
            <Marked text={JSON.stringify(key)} wanted={wanted} />
          </span>
          {': '}
        </>
      )}
      <span className={kind === 'string' ? styles.string : kind === 'other' ? styles.other : styles.dim}>
        <Marked text={text} wanted={wanted} />
      </span>
      {isFolded && size !== undefined && wanted === '' && <span className={styles.dim}>{`  ${String(size)}`}</span>}
    </>
  );
}

function Marked({ text, wanted }: { readonly text: string; readonly wanted: string }): ReactNode {
  const at = wanted === '' ? -1 : text.toLowerCase().indexOf(wanted);
  if (at < 0) {
    return text;
  }
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + wanted.length)}</mark>
      {text.slice(at + wanted.length)}
    </>
  );
}
