// The host's own shell with DOCKER_HOST set, where the desktop offers one (never in the browser shell: the backend refuses it too).
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../../state/context';
import { useStream } from '../../state/use-stream';
import { EmptyState } from '../../ui/empty-state';
import { TerminalFrame } from './terminal-frame';
import { useSessions } from './use-sessions';
import type { ReactNode } from 'react';

export function HostTerminalPage(): ReactNode {
  const { t } = useTranslation('terminal');
  const features = useStore((state) => state.app?.features);
  const line = useStream('connect.changes')?.env.sh[0];
  if (features === undefined || line === undefined) {
    return null;
  }
  return features.hostTerminal ? (
    <HostTerminals line={line} />
  ) : (
    <EmptyState title={t('host.none')} text={t('host.noneText')} command={line} />
  );
}

function HostTerminals({ line }: { readonly line: string }): ReactNode {
  const sessions = useSessions(undefined);
  const opened = useRef(false);
  const { list, open } = sessions;
  useEffect(() => {
    if (list?.length === 0 && !opened.current) {
      opened.current = true;
      void open({ shell: '', user: '' });
    }
  }, [list, open]);
  return <TerminalFrame sessions={sessions} blocked={undefined} choice={{ shell: '', user: '' }} equal={() => line} />;
}
