// The check of everything Berth stands on, each line as it ends: what was looked at, what was found, how long it took, what to do.
import { Button, Modal } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../preload/contract';
import type { DoctorCheck, WireError } from '../../preload/contract';
import { useFormat } from '../format';
import { useActions, useClient, useStore } from '../state/context';
import { ErrorNotice } from '../ui/error-notice';
import { useErrorText } from '../ui/error-text';
import { StateMark } from '../ui/state-mark';
import css from './panels.module.css';

const MARKS = { ok: 'pass', warn: 'warn', fail: 'fail', skipped: 'new' } as const;

/** A shorter check has no time worth reading. */
const MENTIONED_S = 0.05;

export function DoctorPanel(): ReactNode {
  const { t } = useTranslation(['frame', 'common']);
  const opened = useStore((s) => s.ui.panel === 'doctor');
  const { openPanel } = useActions();
  const [run, setRun] = useState(0);
  return (
    <Modal
      opened={opened}
      onClose={() => openPanel(undefined)}
      closeOnClickOutside
      title={t('doctor.title')}
      size={640}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      {opened ? <Checks key={run} /> : null}
      <div className="modal-foot">
        <Button onClick={() => setRun(run + 1)}>{t('doctor.again')}</Button>
      </div>
    </Modal>
  );
}

function Checks(): ReactNode {
  const { t, i18n } = useTranslation(['frame', 'doctor']);
  const client = useClient();
  const format = useFormat();
  const errorText = useErrorText();
  const [checks, setChecks] = useState<readonly DoctorCheck[]>([]);
  const [ended, setEnded] = useState(false);
  const [error, setError] = useState<WireError>();

  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        for await (const check of client.stream('app.doctor', {}, { signal: stop.signal })) {
          setChecks((before) => [...before, check]);
        }
        setEnded(true);
      } catch (thrown) {
        if (!stop.signal.aborted) {
          setError(toWireError(thrown));
        }
      }
    })();
    return () => stop.abort();
  }, [client]);

  return (
    <>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <ul className={css['checks']} aria-live="polite">
        {checks.map(({ id, status, detail, seconds, error: found }) => (
          <li key={id}>
            <StateMark kind={MARKS[status]} label={t(`doctor.status.${status}`)} />
            <span>
              {i18n.exists(`doctor:${id}.title`) ? i18n.t(`doctor:${id}.title`) : id} <span className="t3 words">{detail}</span>
            </span>
            <span className="t3 s">{seconds < MENTIONED_S ? '' : format.seconds(seconds)}</span>
            {found === undefined ? null : <p className="t2">{errorText(found).next}</p>}
          </li>
        ))}
        {ended || error !== undefined ? null : (
          <li>
            <StateMark kind="busy" />
            <span className="t2">{t('doctor.running')}</span>
          </li>
        )}
      </ul>
    </>
  );
}
