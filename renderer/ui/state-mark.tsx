// State marks, 12 px. The shape alone must do: colour is the second sign.
import type { ReactNode } from 'react';

export type MarkKind = 'run' | 'pause' | 'exit' | 'new' | 'sick' | 'warn' | 'fail' | 'busy' | 'waiting' | 'pass';

const arc = (
  <>
    <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeOpacity=".3" strokeWidth="1.8" />
    <path className="arc" d="M6 2a4 4 0 0 1 4 4" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
  </>
);
const triangle = (
  <>
    <path d="M6 1.2 11.3 10.6H.7z" fill="currentColor" />
    <path d="M6 4.6v2.8M6 8.6v.6" stroke="var(--b-bg)" strokeWidth="1.3" />
  </>
);

const shapes: Readonly<Record<MarkKind, ReactNode>> = {
  run: <circle cx="6" cy="6" r="4.2" fill="currentColor" />,
  pause: <path d="M3 2h2.2v8H3zM6.8 2H9v8H6.8z" fill="currentColor" />,
  exit: <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  new: <circle cx="6" cy="6" r="3.6" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2 1.77" />,
  sick: triangle,
  warn: triangle,
  fail: <path d="M2.6 2.6l6.8 6.8M9.4 2.6 2.6 9.4" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  busy: arc,
  waiting: arc,
  pass: (
    <path d="M2 6.3 4.9 9.2 10.2 3.2" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
  ),
};

interface StateMarkProps {
  readonly kind: MarkKind;
  /** Only where no words stand beside it. */
  readonly label?: string;
  readonly className?: string;
}

export function StateMark({ kind, label, className = '' }: StateMarkProps): ReactNode {
  const named = label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label };
  return (
    <svg className={`mk ${kind} ${className}`} viewBox="0 0 12 12" {...named}>
      {shapes[kind]}
    </svg>
  );
}
