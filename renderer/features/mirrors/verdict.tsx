// A test's verdict as mark, words and colour. The shape and the words alone must do.
import { useTranslation } from 'react-i18next';
import type { MirrorProposal, MirrorTest, MirrorVerdict } from '../../../preload/contract';
import { StateMark } from '../../ui/state-mark';
import type { MarkKind } from '../../ui/state-mark';
import css from './mirror-list.module.css';
import type { ReactNode } from 'react';

type Tone = 'run' | 'warn' | 'bad' | 'idle';

const TONES: Partial<Record<MirrorVerdict, Tone>> = { works: 'run', slow: 'warn', stale: 'warn', rateLimited: 'warn', cancelled: 'idle' };
const MARKS: Readonly<Record<Tone, MarkKind>> = { run: 'pass', warn: 'warn', bad: 'fail', idle: 'new' };

export function toneOf(verdict: MirrorVerdict): Tone {
  return TONES[verdict] ?? 'bad';
}

interface VerdictProps {
  readonly test: MirrorTest | undefined;
  readonly running: boolean;
  readonly reason?: MirrorProposal['reason'] | undefined;
}

export function Verdict({ test, running, reason }: VerdictProps): ReactNode {
  const { t } = useTranslation('mirrors');
  if (running) {
    return (
      <span className={`${css['verdict'] ?? ''} t2`}>
        <StateMark kind="busy" />
        {t('verdict.running')}
      </span>
    );
  }
  if (test === undefined) {
    return <span className={`${css['verdict'] ?? ''} t3`}>{t('verdict.untested')}</span>;
  }
  const tone = toneOf(test.verdict);
  const short =
    test.verdict !== 'works' || reason === undefined || reason.key === 'stale' ? '' : t(`reason.short.${reason.key}`, reason.params);
  return (
    <span className={`${css['verdict'] ?? ''} ${tone === 'idle' ? 't3' : `c-${tone}`}`}>
      <StateMark kind={MARKS[tone]} />
      {t(`verdict.${test.verdict}`)}
      {short}
    </span>
  );
}
