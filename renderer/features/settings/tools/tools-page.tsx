// Command line and tools: the docker context, lines for shells, the system's socket, and what other tools are told.
import type { ReactNode } from 'react';
import { useStream } from '../../../state/use-stream';
import { SkeletonRows } from '../../../ui/delayed';
import settingsCss from '../settings.module.css';
import { ContextSection } from './context-section';
import { EnvSection } from './env-section';
import { ExamplesSection } from './examples-section';
import { SocketSection } from './socket-section';

export function ToolsPage(): ReactNode {
  const state = useStream('connect.changes');
  return (
    <div className="scroll">
      {state === undefined ? (
        <SkeletonRows rows={6} widths={[160, 320]} />
      ) : (
        <div className={settingsCss['page']}>
          <ContextSection context={state.context} />
          <EnvSection env={state.env} />
          <SocketSection socket={state.socket} />
          <ExamplesSection dockerHost={state.dockerHost} env={state.env} />
        </div>
      )}
    </div>
  );
}
