// The empty berth: one sentence, one primary and one secondary action, the equal command.
import type { ReactNode } from 'react';
import picture from '../../assets/berth-empty.svg';
import { CopyLine } from './copy-line';

interface EmptyStateProps {
  readonly title: string;
  readonly text: string;
  readonly actions?: ReactNode;
  readonly command?: string;
}

export function EmptyState({ title, text, actions, command }: EmptyStateProps): ReactNode {
  return (
    <div className="empty">
      <img src={picture} width="104" alt="" />
      <h2>{title}</h2>
      <p>{text}</p>
      {actions === undefined ? null : <div className="row">{actions}</div>}
      {command === undefined ? null : <CopyLine text={command} />}
    </div>
  );
}
