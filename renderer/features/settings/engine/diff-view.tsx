// The saved text and the draft as one, line by line; what is wrong in the draft is wavy here too.
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConfigProblem } from '../../../../preload/contract';
import { lineDiff, pieces } from './diff-lines';
import type { DiffLine, Piece } from './diff-lines';
import css from './json.module.css';

const SIGN = { same: '', gone: '-', new: '+' } as const;

interface DiffViewProps {
  readonly before: string;
  readonly after: string;
  readonly problems: readonly ConfigProblem[];
}

export function DiffView({ before, after, problems }: DiffViewProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const lines = useMemo(() => lineDiff(before, after), [before, after]);
  return (
    <div className={css['diff']} role="region" aria-label={t('json.difference')} tabIndex={0}>
      {lines.map((line, index) => (
        <div key={index} className={css['diffline']} data-kind={line.kind}>
          <b>{line.number}</b>
          <i>
            {SIGN[line.kind]}
            {line.kind === 'same' ? null : <span className="sr">{t(`json.${line.kind}`)}</span>}
          </i>
          <code>
            {pieces(line.text).map((piece) => (
              <PieceText key={piece.from} piece={piece} problem={problemAt(problems, line, piece)} />
            ))}
          </code>
        </div>
      ))}
    </div>
  );
}

function PieceText({ piece, problem }: { readonly piece: Piece; readonly problem: ConfigProblem | undefined }): ReactNode {
  return piece.kind === 'other' && problem === undefined ? (
    piece.text
  ) : (
    <span className={css[piece.kind]} data-wrong={problem?.severity}>
      {piece.text}
    </span>
  );
}

function problemAt(problems: readonly ConfigProblem[], line: DiffLine, piece: Piece): ConfigProblem | undefined {
  const [from, to] = [piece.from + 1, piece.from + 1 + piece.text.length];
  if (line.kind === 'gone' || piece.text.trim() === '') {
    return undefined;
  }
  return problems.find(
    ({ place }) => place?.line === line.number && place.column < to && (place.endLine > place.line || place.endColumn > from),
  );
}
