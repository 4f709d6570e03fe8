// A list of texts, a row each. An empty row is the form's own until something is typed into it; several lines can be pasted at once.
import { TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { ClipboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../ui/icon-button';
import { isWithin, useField } from './engine-form';
import css from './field.module.css';
import { FieldFrame, mono } from './field-frame';
import type { Path } from './text-edit';
import { useKeyWords } from './use-key-words';

interface ListFieldProps {
  readonly path: Path;
  readonly example: string;
  readonly hint?: ReactNode;
}

export function ListField({ path, example, hint }: ListFieldProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { value, locked, problems, set } = useField(path, []);
  const words = useKeyWords()(path);
  const [adding, setAdding] = useState(false);
  const items = Array.isArray(value) ? value.map((item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item))) : [];
  const rows = adding || items.length === 0 ? [...items, ''] : items;
  const write = (next: readonly string[]): void => set(next.length === 0 ? undefined : next);

  const change = (index: number, text: string): void => {
    setAdding(false);
    write(rows.map((row, at) => (at === index ? text : row)));
  };
  const remove = (index: number): void => {
    setAdding(false);
    write(items.filter((_, at) => at !== index));
  };
  const paste = (event: ClipboardEvent, index: number): void => {
    const lines = event.clipboardData
      .getData('text')
      .split(/[\s,]+/)
      .filter((line) => line !== '');
    if (lines.length > 1) {
      event.preventDefault();
      setAdding(false);
      write([...items.slice(0, index), ...lines, ...items.slice(rows[index] === '' ? index + 1 : index)]);
    }
  };

  return (
    <FieldFrame
      path={path}
      problems={problems}
      group
      hint={
        <>
          {hint}
          <button type="button" className="link" disabled={locked || rows.length > items.length} onClick={() => setAdding(true)}>
            {t('field.add')}
          </button>
        </>
      }
    >
      {({ describedBy }) =>
        rows.map((row, index) => (
          <div key={index} className={css['listrow']}>
            <TextInput
              className="grow"
              classNames={mono}
              aria-label={t('field.entry', { name: words.title, number: index + 1 })}
              aria-describedby={describedBy}
              value={row}
              disabled={locked}
              placeholder={example === '' ? '' : t('field.example', { value: example })}
              autoFocus={adding && index === rows.length - 1}
              spellCheck={false}
              error={problems.some((problem) => problem.severity === 'error' && isWithin(problem.path, [...path, index]))}
              onChange={(event) => change(index, event.currentTarget.value)}
              onPaste={(event) => paste(event, index)}
              onBlur={() => (items[index] === '' ? remove(index) : undefined)}
            />
            <IconButton
              small
              icon={IconX}
              label={t('field.remove', { value: row })}
              disabled={locked || index >= items.length}
              onClick={() => remove(index)}
            />
          </div>
        ))
      }
    </FieldFrame>
  );
}
