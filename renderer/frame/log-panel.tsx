// The logs behind an error: of the guest's console, QEMU, dockerd and the rest, followed while the panel is open. Never for reading at length.
import { Modal, SegmentedControl } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { logSources, toWireError } from '../../preload/contract';
import type { WireError } from '../../preload/contract';
import { useActions, useClient, useStore } from '../state/context';
import type { LogSource } from '../state/slices/ui';
import { CopyButton } from '../ui/copy-line';
import { ErrorNotice } from '../ui/error-notice';
import css from './panels.module.css';

const KEPT = 2000;
const TAIL = 400;

export function LogPanel(): ReactNode {
  const { t } = useTranslation(['frame', 'common']);
  const opened = useStore((s) => s.ui.panel === 'log');
  const source = useStore((s) => s.ui.logSource);
  const { openPanel, showLog } = useActions();
  return (
    <Modal
      opened={opened}
      onClose={() => openPanel(undefined)}
      closeOnClickOutside
      title={t('log.title')}
      size={880}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <SegmentedControl
        value={source}
        onChange={(value) => showLog(logSources.find((name) => name === value) ?? 'berth')}
        data={logSources.map((name) => ({ value: name, label: t(`log.source.${name}`) }))}
        mb="md"
      />
      {opened ? <Lines key={source} source={source} /> : null}
    </Modal>
  );
}

function Lines({ source }: { readonly source: LogSource }): ReactNode {
  const { t } = useTranslation('frame');
  const client = useClient();
  const box = useRef<HTMLPreElement>(null);
  const [lines, setLines] = useState<readonly string[]>([]);
  const [error, setError] = useState<WireError>();

  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        for await (const item of client.stream('vm.logs', { source, tail: TAIL }, { signal: stop.signal })) {
          setLines((before) => [...before, ...item.lines].slice(-KEPT));
        }
      } catch (thrown) {
        if (!stop.signal.aborted) {
          setError(toWireError(thrown));
        }
      }
    })();
    return () => stop.abort();
  }, [client, source]);

  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines]);

  return (
    <>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <pre ref={box} className={`tail ${css['logbox']}`} lang="en" tabIndex={0} aria-label={t(`log.source.${source}`)}>
        {lines.length === 0 ? <span className="d">{t('log.empty')}</span> : lines.join('\n')}
      </pre>
      <div className="row" style={{ paddingTop: 8 }}>
        <span className="s t3">{t('log.kept', { count: KEPT })}</span>
        <span className="end" />
        <CopyButton text={lines.join('\n')} />
      </div>
    </>
  );
}
