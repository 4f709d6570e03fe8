// A report for whoever shall find a fault: what was gathered at the left, what is in it at the right, and only then a file on this computer.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../../ui/error-notice';
import { SkeletonRows } from '../../ui/delayed';
import css from './diagnostics.module.css';
import { PartList } from './part-list';
import { Preview } from './preview';
import { SaveBar } from './save-bar';
import { useReport } from './use-report';

export function DiagnosticsPage(): ReactNode {
  const { t } = useTranslation('diagnostics');
  const { report, error, again } = useReport();
  const [chosen, setChosen] = useState<string>();
  const files = report?.parts.flatMap((part) => part.files) ?? [];
  const file = files.find((each) => each.file === chosen)?.file ?? files[0]?.file;
  return (
    <div className={css['page']}>
      <div className={css['head']}>
        <p>{t('what')}</p>
        <Button disabled={report?.ended !== true && error === undefined} onClick={again}>
          {t('again')}
        </Button>
      </div>
      {error === undefined ? null : (
        <div className={css['error']}>
          <ErrorNotice error={error} onRetry={again} />
        </div>
      )}
      {report === undefined ? (
        error === undefined && <SkeletonRows rows={8} widths={[180, 60]} />
      ) : (
        <>
          <div className={css['look']}>
            <PartList parts={report.parts} chosen={file} onChoose={setChosen} />
            {file === undefined ? <div /> : <Preview key={`${report.id} ${file}`} id={report.id} file={file} bytes={sizeOf(files, file)} />}
          </div>
          <SaveBar key={report.id} report={report} files={files} />
        </>
      )}
    </div>
  );
}

function sizeOf(files: readonly { readonly file: string; readonly bytes: number }[], file: string): number {
  return files.find((each) => each.file === file)?.bytes ?? 0;
}
