// Several addresses at once, or a whole daemon.json: what was found, what is there already, what is wrong and where.
import { Button, Modal, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ParsedMirrors } from '../../../preload/contract';
import { useCall } from '../../state/use-call';
import { ErrorNotice } from '../../ui/error-notice';
import { useErrorText } from '../../ui/error-text';
import { StateMark } from '../../ui/state-mark';
import css from './dialogs.module.css';
import type { Items } from './draft';
import type { ReactNode } from 'react';

const REST_MS = 200;

interface PasteDialogProps {
  readonly items: Items;
  readonly onClose: () => void;
  readonly onDone: (urls: readonly string[]) => void;
}

export function PasteDialog({ items, onClose, onDone }: PasteDialogProps): ReactNode {
  const { t } = useTranslation(['mirrors', 'common']);
  const { run, error } = useCall('mirrors.parse');
  const [text, setText] = useState('');
  const [parsed, setParsed] = useState<ParsedMirrors>();
  const blank = text.trim() === '';

  useEffect(() => {
    if (blank) {
      return;
    }
    const timer = setTimeout(() => void run({ text }).then((answer) => answer !== undefined && setParsed(answer)), REST_MS);
    return () => clearTimeout(timer);
  }, [text, blank, run]);

  const found = blank ? undefined : parsed;
  const isThere = (url: string): boolean => items.some((item) => item.url === url);
  const fresh = (found?.mirrors ?? []).filter(({ url, duplicate }) => !duplicate && !isThere(url)).map(({ url }) => url);
  return (
    <Modal opened onClose={onClose} size={600} title={t('paste.title')} closeButtonProps={{ 'aria-label': t('common:close') }}>
      <form
        className={css['form']}
        onSubmit={(event) => {
          event.preventDefault();
          onDone(fresh);
        }}
      >
        <Textarea
          data-autofocus
          label={t('paste.label')}
          description={t('paste.hint')}
          placeholder={'https://mirror.example.com\n{ "registry-mirrors": ["https://…"] }'}
          classNames={{ input: 'mono' }}
          minRows={7}
          rows={7}
          value={text}
          spellCheck={false}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {error === undefined ? null : <ErrorNotice error={error} />}
        <div role="status">{found === undefined ? null : <Found parsed={found} isThere={isThere} />}</div>
        <div className="modal-foot">
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button type="submit" variant="filled" disabled={fresh.length === 0}>
            {t('paste.add', { count: fresh.length })}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Found({ parsed, isThere }: { readonly parsed: ParsedMirrors; readonly isThere: (url: string) => boolean }): ReactNode {
  const { t } = useTranslation('mirrors');
  const textOf = useErrorText();
  const { mirrors, problems } = parsed;
  if (mirrors.length === 0 && problems.length === 0) {
    return <p className="t2 s">{t('paste.nothing')}</p>;
  }
  return (
    <ul className={css['found']}>
      {mirrors.map(({ url, duplicate }, index) => (
        <li key={`${String(index)} ${url}`}>
          <StateMark kind={duplicate || isThere(url) ? 'exit' : 'pass'} />
          <code className="ell">{url}</code>
          <span className="t3 s nowrap">{duplicate || isThere(url) ? t('paste.there') : t('paste.new')}</span>
        </li>
      ))}
      {problems.map(({ error, text, place }, index) => (
        <li key={index} data-wrong>
          <StateMark kind="fail" />
          <span className="c-bad">
            {textOf(error).title} <span className="t3 s nowrap">{t('paste.place', { line: place.line, column: place.column })}</span>
          </span>
          {text === '' ? null : (
            <code className="ell t2" title={text}>
              {text}
            </code>
          )}
        </li>
      ))}
    </ul>
  );
}
