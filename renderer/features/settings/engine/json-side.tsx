// The right column: the draft as JSON to edit or as a difference, its problems by line and column, history and copy. A drawer in a narrow window.
import { Button, SegmentedControl } from '@mantine/core';
import { IconHistory, IconX } from '@tabler/icons-react';
import { Suspense, lazy, useCallback, useImperativeHandle, useMemo, useRef, useState } from 'react';
import type { ReactNode, RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigProblem, TextPlace } from '../../../../preload/contract';
import { CopyButton } from '../../../ui/copy-line';
import { useErrorText } from '../../../ui/error-text';
import { Icon } from '../../../ui/icon';
import { IconButton } from '../../../ui/icon-button';
import { StateMark } from '../../../ui/state-mark';
import { DiffView } from './diff-view';
import { useEngineForm } from './engine-form';
import css from './engine.module.css';
import jsonCss from './json.module.css';
import { valueWords } from './field-frame';
import type { JsonEditorHandle, JsonMark } from './json-editor';
import { changedKeys, rangeOf, setAt } from './text-edit';
import type { Path } from './text-edit';
import { useKeyWords } from './use-key-words';

const JsonEditor = lazy(() => import('./json-editor').then((module) => ({ default: module.JsonEditor })));

interface Range {
  readonly from: number;
  readonly to: number;
}

interface JsonSideProps {
  readonly savedText: string;
  readonly readOnly: boolean;
  /** Set here: shows a place. */
  readonly show: RefObject<((path: Path) => void) | undefined>;
  readonly onHistory: () => void;
  readonly onClose: () => void;
}

export function JsonSide({ savedText, readOnly, show, onHistory, onClose }: JsonSideProps): ReactNode {
  const { t } = useTranslation(['engine-settings', 'common']);
  const { text, values, saved, problems, write } = useEngineForm();
  const [tab, setTab] = useState<'json' | 'difference'>('json');
  const editor = useRef<JsonEditorHandle>(null);
  const waiting = useRef<Range>(undefined);
  const count = changedKeys(saved, values).length;
  const marks = useMarks();
  const describe = useDescribe();
  const phrases = useMemo(() => ({ Completions: t('json.completions'), Diagnostics: t('json.problems') }), [t]);

  const jump = useCallback((range: Range): void => {
    setTab('json');
    if (editor.current === null) {
      // It comes with the tab.
      waiting.current = range;
    } else {
      editor.current.jump(range);
    }
  }, []);
  const attach = useCallback((handle: JsonEditorHandle | null): void => {
    editor.current = handle;
    if (handle !== null && waiting.current !== undefined) {
      handle.jump(waiting.current);
      waiting.current = undefined;
    }
  }, []);
  useImperativeHandle(show, () => (path: Path) => jump(rangeOf(text, path) ?? { from: text.length, to: text.length }), [jump, text]);

  return (
    <section className={css['json']} aria-label="daemon.json">
      <div className={jsonCss['jsonbar']}>
        <SegmentedControl
          aria-label={t('json.view')}
          value={tab}
          onChange={(value) => setTab(value === 'difference' ? 'difference' : 'json')}
          data={[
            { value: 'json', label: 'JSON' },
            { value: 'difference', label: t('json.difference') },
          ]}
        />
        <span className="t3 s ell">{count === 0 ? '' : t('json.changes', { count })}</span>
        <span className="end" />
        <Button variant="subtle" size="compact-xs" leftSection={<Icon of={IconHistory} small />} onClick={onHistory}>
          {t('history.open')}
        </Button>
        <CopyButton text={text} />
        <span className={css['narrowonly']}>
          <IconButton small icon={IconX} label={t('common:close')} onClick={onClose} />
        </span>
      </div>
      <div className={jsonCss['jsonbody']}>
        {tab === 'difference' ? (
          <DiffView before={savedText} after={text} problems={problems} />
        ) : (
          <Suspense fallback={null}>
            <JsonEditor
              ref={attach}
              text={text}
              readOnly={readOnly}
              marks={marks}
              label="daemon.json"
              phrases={phrases}
              describe={describe}
              onChange={(next) => write(next, 'editor')}
              onFix={(path, value) => write(setAt(text, path, value), 'form')}
            />
          </Suspense>
        )}
      </div>
      <ProblemList problems={problems} onPick={(problem) => jump(placeOf(text, problem))} />
    </section>
  );
}

function ProblemList({
  problems,
  onPick,
}: {
  readonly problems: readonly ConfigProblem[];
  readonly onPick: (problem: ConfigProblem) => void;
}): ReactNode {
  const { t } = useTranslation('engine-settings');
  const errorText = useErrorText();
  return problems.length === 0 ? null : (
    <ul className={jsonCss['problems']} aria-label={t('json.problems')}>
      {problems.map((problem, index) => (
        <li key={index}>
          <button type="button" onClick={() => onPick(problem)}>
            <StateMark kind={problem.severity === 'error' ? 'fail' : 'warn'} label={t(`severity.${problem.severity}`)} />
            <span className="mono t3">{problem.place === undefined ? '' : `${problem.place.line}:${problem.place.column}`}</span>
            <span>{errorText(problem.error).title}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Problems as the editor marks them; undefined while the judgement is about an earlier text, whose marks move with what is typed. */
function useMarks(): readonly JsonMark[] | undefined {
  const { t } = useTranslation('engine-settings');
  const errorText = useErrorText();
  const { text, checked, locked, refused } = useEngineForm();
  const problems = checked?.text === text ? checked.problems : undefined;
  return useMemo(() => {
    const tried =
      refused === undefined
        ? []
        : [{ ...(rangeOf(text, [refused.key]) ?? { from: 0, to: 0 }), severity: 'error' as const, message: refused.words }];
    return (
      problems && [
        ...tried,
        ...problems.map((problem) => ({
          ...placeOf(text, problem),
          severity: problem.severity,
          message: errorText(problem.error).title,
          ...(problem.fix === undefined || locked
            ? {}
            : { fix: { name: t('field.use', { value: valueWords(problem.fix) }), path: problem.path, value: problem.fix } }),
        })),
      ]
    );
  }, [problems, refused, text, errorText, locked, t]);
}

function useDescribe(): (path: Path) => { readonly title: string; readonly text: string; readonly facts: string } | undefined {
  const words = useKeyWords();
  return useCallback(
    (path) => {
      const { title, text, default: fallback, cost } = words(path.filter((step) => typeof step !== 'number'));
      return text === ''
        ? undefined
        : { title, text, facts: [fallback.replace(/[.。]$/, ''), cost].filter((part) => part !== '').join(' · ') };
    },
    [words],
  );
}

/** Offsets of a problem: its own place, or that of its path. */
function placeOf(text: string, { place, path }: ConfigProblem): Range {
  return place === undefined
    ? (rangeOf(text, path) ?? { from: 0, to: 0 })
    : { from: offsetOf(text, place.line, place.column), to: endOf(text, place) };
}

function endOf(text: string, place: TextPlace): number {
  return Math.max(offsetOf(text, place.line, place.column), offsetOf(text, place.endLine, place.endColumn));
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const next = text.indexOf('\n', start);
    if (next < 0) {
      return text.length;
    }
    start = next + 1;
  }
  return Math.min(text.length, start + column - 1);
}
