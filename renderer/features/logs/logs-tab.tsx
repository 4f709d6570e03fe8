// A container's log: what is asked for, search, and the view that follows. The lines are in a buffer of their own.
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import { LogView, useLogSnapshot } from '../../ui/log-view';
import { searchPattern } from '../../ui/log-view-text';
import { useStored } from '../../ui/use-stored';
import { downloadLog } from './download';
import { LogFoot } from './log-foot';
import { LogToolbar } from './log-toolbar';
import styles from './logs.module.css';
import { useLogStream } from './use-log-stream';
import type { ReactNode } from 'react';
import { toWireError } from '../../../preload/contract';
import type { ContainerSummary, WireError } from '../../../preload/contract';
import type { LogRange } from './use-log-stream';

export interface SearchState {
  readonly text: string;
  readonly regex: boolean;
  readonly matchCase: boolean;
}

const firstRange: LogRange = { tail: 1000, seconds: 0 };

export function LogsTab({ container }: { readonly container: ContainerSummary }): ReactNode {
  const { t } = useTranslation('logs');
  const client = useClient();
  const [range, setRange] = useState(firstRange);
  const { buffer, status, error } = useLogStream(container, range);
  const state = useLogSnapshot(buffer);
  const [timestamps, setTimestamps] = useStored('berth.logs.timestamps', true);
  const [wrap, setWrap] = useStored('berth.logs.wrap', false);
  const [search, setSearch] = useState<SearchState>({ text: '', regex: false, matchCase: false });
  const [current, setCurrent] = useState<number>();
  const [following, setFollowing] = useState(true);
  /** How many had come when the following stopped. */
  const [mark, setMark] = useState(0);
  const [download, setDownload] = useState<{ readonly bytes: number; readonly abort: AbortController }>();
  const [downloadError, setDownloadError] = useState<WireError>();

  const pattern = useMemo(() => (search.text === '' ? undefined : searchPattern(search.text, search)), [search]);
  const onSearch = (next: SearchState): void => {
    setSearch(next);
    setCurrent(undefined);
  };
  useEffect(() => buffer.search(pattern), [buffer, pattern]);
  const onFollowing = useCallback(
    (on: boolean) => {
      setFollowing(on);
      setMark(buffer.snapshot().received);
      if (on) {
        setCurrent(undefined);
      }
    },
    [buffer],
  );
  const onStep = (direction: 1 | -1): void => {
    // The newest first: that is where one looks when something just went wrong.
    const from = current ?? state.first + state.count;
    const hit = buffer.hit(from, current === undefined ? -1 : direction);
    if (hit !== undefined) {
      setCurrent(hit.seq);
      if (following) {
        onFollowing(false);
      }
    }
  };
  const onRange = (next: LogRange): void => {
    setRange(next);
    setCurrent(undefined);
    setFollowing(true);
  };
  const onDownload = async (): Promise<void> => {
    const abort = new AbortController();
    setDownloadError(undefined);
    try {
      await downloadLog({
        client,
        id: container.id,
        fileName: `${container.name}.log`,
        timestamps,
        signal: abort.signal,
        onBytes: (bytes) => {
          setDownload({ bytes, abort });
        },
      });
    } catch (thrown) {
      if (!abort.signal.aborted) {
        setDownloadError(toWireError(thrown));
      }
    } finally {
      setDownload(undefined);
    }
  };

  const problem = error ?? downloadError;
  return (
    <div className={styles.tab}>
      <LogToolbar
        search={search}
        onSearch={onSearch}
        invalid={search.text !== '' && pattern === undefined}
        state={state}
        at={current === undefined ? undefined : buffer.rank(current)}
        onStep={onStep}
        range={range}
        onRange={onRange}
        timestamps={timestamps}
        onTimestamps={setTimestamps}
        wrap={wrap}
        onWrap={setWrap}
        onClear={buffer.clear}
        onDownload={() => void onDownload()}
        downloading={download !== undefined}
      />
      {problem !== undefined && (
        <div className={styles.problem}>
          <ErrorNotice
            error={problem}
            onDismiss={
              downloadError === undefined
                ? undefined
                : () => {
                    setDownloadError(undefined);
                  }
            }
          />
        </div>
      )}
      {state.count === 0 && status !== 'opening' ? (
        <div className={styles.nothing}>{t(status === 'open' ? 'nothingYet' : 'nothing')}</div>
      ) : (
        <LogView
          buffer={buffer}
          label={t('view', { name: container.name })}
          timestamps={timestamps}
          wrap={wrap}
          pattern={pattern}
          current={current}
          following={following}
          onFollowing={onFollowing}
          pill={t('pill', { count: state.received - mark })}
        />
      )}
      <LogFoot state={state} status={status} following={following} download={download} />
    </div>
  );
}
