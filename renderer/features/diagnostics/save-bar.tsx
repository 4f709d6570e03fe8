// Where the archive goes: a folder of this computer, and what became of it.
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiagnosticsReport } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useCall } from '../../state/use-call';
import { CopyLine } from '../../ui/copy-line';
import { ErrorNotice } from '../../ui/error-notice';
import { StateMark } from '../../ui/state-mark';
import css from './diagnostics.module.css';

interface SaveBarProps {
  readonly report: DiagnosticsReport;
  readonly files: readonly { readonly bytes: number }[];
}

export function SaveBar({ report, files }: SaveBarProps): ReactNode {
  const { t } = useTranslation('diagnostics');
  const format = useFormat();
  const save = useCall('diagnostics.save');
  const [folder, setFolder] = useState(report.folder);
  const [saved, setSaved] = useState<{ readonly path: string; readonly bytes: number }>();
  const run = async (): Promise<void> => {
    setSaved(undefined);
    setSaved(await save.run({ id: report.id, folder }));
  };
  const total = format.bytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  return (
    <form
      className={css['save']}
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {save.error === undefined ? null : <ErrorNotice error={save.error} onDismiss={save.reset} />}
      {saved === undefined ? null : (
        <div className={`note ${css['saved']}`} role="status">
          <StateMark kind="pass" />
          <div className="title">{t('saved', { size: format.bytes(saved.bytes) })}</div>
          <CopyLine text={saved.path} />
        </div>
      )}
      <div className={css['line']}>
        <TextInput label={t('folder')} value={folder} onChange={(event) => setFolder(event.currentTarget.value)} spellCheck={false} />
        <span className="t3 s">{t(report.ended ? 'size' : 'gathering', { count: files.length, total })}</span>
        <Button type="submit" variant="filled" disabled={!report.ended || folder === ''} loading={save.pending}>
          {t('save')}
        </Button>
      </div>
    </form>
  );
}
