// Loading image archives: the file's own stream goes up as it is read, so gigabytes never lie in the page. One after the other.
import { useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../preload/contract';
import { useServices } from '../../state/context';
import type { WireError } from '../../../preload/contract';

export interface Loading {
  readonly name: string;
  readonly sizeBytes: number;
  readonly receivedBytes: number;
  readonly waiting: number;
}

export interface Load {
  readonly now: Loading | undefined;
  readonly failed: { readonly name: string; readonly error: WireError } | undefined;
  readonly add: (files: readonly File[]) => void;
  readonly cancel: () => void;
  readonly dismiss: () => void;
}

export function useLoad(): Load {
  const { t } = useTranslation('images');
  const { connection, actions } = useServices();
  const [now, setNow] = useState<Loading>();
  const [failed, setFailed] = useState<Load['failed']>();
  const queue = useRef<File[]>([]);
  const running = useRef<AbortController>(undefined);

  const load = useCallback(
    async (file: File, signal: AbortSignal) => {
      const state = { name: file.name, sizeBytes: file.size, waiting: queue.current.length };
      setNow({ ...state, receivedBytes: 0 });
      let loaded: readonly string[] = [];
      const stream = connection.client.stream(
        'images.load',
        { name: file.name.slice(0, 255), sizeBytes: file.size },
        { signal, upload: file.stream() },
      );
      for await (const progress of stream) {
        loaded = progress.loaded;
        setNow({ ...state, waiting: queue.current.length, receivedBytes: progress.receivedBytes });
      }
      if (!signal.aborted) {
        actions.toast(t('load.done', { count: loaded.length, name: loaded[0] ?? file.name }));
      }
    },
    [connection, actions, t],
  );

  const run = useCallback(async () => {
    for (let file = queue.current.shift(); file !== undefined; file = queue.current.shift()) {
      const abort = new AbortController();
      running.current = abort;
      try {
        await load(file, abort.signal);
      } catch (thrown) {
        if (!abort.signal.aborted) {
          setFailed({ name: file.name, error: toWireError(thrown) });
        }
      }
    }
    running.current = undefined;
    setNow(undefined);
  }, [load]);

  return {
    now,
    failed,
    add: (files) => {
      setFailed(undefined);
      queue.current.push(...files);
      if (running.current === undefined && files.length > 0) {
        void run();
      } else {
        setNow((old) => old && { ...old, waiting: queue.current.length });
      }
    },
    cancel: () => {
      queue.current = [];
      running.current?.abort();
    },
    dismiss: () => {
      setFailed(undefined);
    },
  };
}
