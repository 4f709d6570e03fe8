// A docker run line pasted here fills the form; what the form has no field for is listed, never dropped in silence.
import { IconClipboard } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../ui/icon';
import { StateMark } from '../../ui/state-mark';
import { parseRunLine } from './parse-line';
import styles from './run.module.css';
import type { ReactNode } from 'react';
import type { RunForm } from './form';
import type { ParsedLine } from './parse-line';

interface PasteBoxProps {
  readonly focused: boolean;
  readonly onForm: (form: RunForm) => void;
}

const charactersInLine = 120;

/** As high as what was pasted, within reason. */
function linesOf(text: string): number {
  const lines = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / charactersInLine)), 0);
  return Math.min(6, lines);
}

export function PasteBox({ focused, onForm }: PasteBoxProps): ReactNode {
  const { t } = useTranslation('run');
  const [text, setText] = useState('');
  const [parsed, setParsed] = useState<ParsedLine>();
  const onChange = (next: string): void => {
    setText(next);
    if (next.trim() === '') {
      setParsed(undefined);
      return;
    }
    const result = parseRunLine(next);
    setParsed(result);
    if (result.problem === undefined) {
      onForm(result.form);
    }
  };
  return (
    <div className={styles.paste}>
      <div className={styles.box}>
        <Icon of={IconClipboard} />
        <textarea
          aria-label={t('paste.label')}
          placeholder={t('paste.placeholder')}
          rows={linesOf(text)}
          value={text}
          autoFocus={focused}
          spellCheck={false}
          onChange={(event) => {
            onChange(event.currentTarget.value);
          }}
        />
      </div>
      {parsed !== undefined && (
        <div className={styles.parsed} role="status">
          {parsed.problem !== undefined ? (
            <span className="c-bad row">
              <StateMark kind="fail" />
              {t(`paste.${parsed.problem}`)}
            </span>
          ) : parsed.unknown.length === 0 ? (
            <span className="c-run row">
              <StateMark kind="pass" />
              {t('paste.all', { count: parsed.known })}
            </span>
          ) : (
            <span className="c-warn">
              <StateMark kind="warn" /> {t('paste.unknown', { count: parsed.unknown.length })}{' '}
              {parsed.unknown.map((each) => (
                <code key={each} className={styles.unknown}>
                  {each}
                </code>
              ))}
            </span>
          )}
        </div>
      )}
    </div>
  );
}
