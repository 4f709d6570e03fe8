// What stands around every field: its label with the key of daemon.json, what a change restarts, the mistake with its remedy, the explanation.
import { useEffect, useId, useRef } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigProblem } from '../../../../preload/contract';
import { useErrorText } from '../../../ui/error-text';
import { StateMark } from '../../../ui/state-mark';
import { useEngineForm } from './engine-form';
import css from './field.module.css';
import { setAt } from './text-edit';
import type { Path } from './text-edit';
import { useKeyWords } from './use-key-words';

/** For an input: its name, and where its mistakes are told. */
export interface InputNames {
  readonly id: string;
  readonly describedBy: string;
}

interface FieldFrameProps {
  readonly path: Path;
  readonly problems: readonly ConfigProblem[];
  /** A group of inputs instead of one. */
  readonly group?: boolean;
  /** After the explanation. */
  readonly hint?: ReactNode;
  readonly children: (names: InputNames) => ReactNode;
}

export function FieldFrame({ path, problems, group = false, hint, children }: FieldFrameProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const id = useId();
  const words = useKeyWords()(path);
  const names = { id, describedBy: `${id}-words` };
  const label = (
    <>
      <Title words={words.title} path={path} />
    </>
  );
  const cost = path.length === 1 ? <span className={css['cost']}>{words.cost}</span> : null;
  return (
    <div className={css['field']} {...(group ? { role: 'group', 'aria-labelledby': id } : {})} data-key={path.join('.')}>
      <div className={css['label']}>
        {group ? <span id={id}>{label}</span> : <label htmlFor={id}>{label}</label>}
        {cost}
      </div>
      {children(names)}
      <div id={names.describedBy}>
        <Problems problems={problems} path={path} />
        <p className="hint">
          {[words.text, words.default].filter((part) => part !== '').join(t('field.join'))}
          {hint === undefined ? null : (
            <>
              {t('field.join')}
              {hint}
            </>
          )}
        </p>
      </div>
    </div>
  );
}

/** Its words and its key, once where both are the same. */
export function Title({ words, path }: { readonly words: string; readonly path: Path }): ReactNode {
  return (
    <>
      {words === path.at(-1) ? null : `${words} `}
      <KeyName path={path} />
    </>
  );
}

/** The key as it is called in daemon.json; a click shows it there. */
export function KeyName({ path }: { readonly path: Path }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { jump } = useEngineForm();
  return (
    <button
      type="button"
      className={css['key']}
      tabIndex={-1}
      title={t('field.show')}
      onClick={(event) => {
        event.preventDefault();
        jump(path);
      }}
    >
      <code>{path.at(-1)}</code>
    </button>
  );
}

/** What the check says, and what dockerd said when it was tried. */
export function Problems({ problems, path }: { readonly problems: readonly ConfigProblem[]; readonly path: Path }): ReactNode {
  const { refused } = useEngineForm();
  return (
    <>
      {problems.map((problem, index) => (
        <ProblemLine key={index} problem={problem} />
      ))}
      {refused !== undefined && path.length === 1 && refused.key === path[0] ? <Refused words={refused.words} /> : null}
    </>
  );
}

/** It comes with the result, while the form may be scrolled elsewhere. */
function Refused({ words }: { readonly words: string }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    line.current?.scrollIntoView({ block: 'center' });
  }, [words]);
  return (
    <p ref={line} className="wrong" role="alert">
      <StateMark kind="fail" />
      <span>
        {t('field.refused')} <code lang="en">{words}</code>
      </span>
    </p>
  );
}

function ProblemLine({ problem }: { readonly problem: ConfigProblem }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const text = useErrorText()(problem.error);
  const { write, text: draft, locked } = useEngineForm();
  const { fix, path } = problem;
  return (
    <p className={problem.severity === 'error' ? 'wrong' : 'wrong warn'} role="alert">
      <StateMark kind={problem.severity === 'error' ? 'fail' : 'warn'} />
      <span>
        {fix === undefined ? t('field.problem', { title: text.title, next: text.next }) : t('field.problemOnly', { title: text.title })}
        {fix === undefined || locked ? null : (
          <>
            {t('field.join')}
            <button type="button" className="link" onClick={() => write(setAt(draft, path, fix), 'form')}>
              {t('field.use', { value: valueWords(fix) })}
            </button>
          </>
        )}
      </span>
    </p>
  );
}

/** A value of the JSON as a field shows it. */
export function valueWords(value: unknown): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Addresses, names and sizes are read letter by letter. */
export const mono = { input: 'mono' };

/** What is no whole number is kept as it is typed: the check says what is wrong with it. */
export function numberOr(typed: string): number | string {
  return /^-?\d{1,15}$/.test(typed.trim()) ? Number(typed) : typed;
}
