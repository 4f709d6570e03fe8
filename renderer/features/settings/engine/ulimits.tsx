// Limits of each container's processes: a name, what it starts with, up to where it may raise it.
import { Select, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../ui/icon-button';
import { useEngineForm, isWithin, useField } from './engine-form';
import css from './field.module.css';
import { FieldFrame, mono, numberOr, valueWords } from './field-frame';
import { setAt } from './text-edit';
import type { Path, Values } from './text-edit';

const path: Path = ['default-ulimits'];
/** As in docker run --ulimit. */
const NAMES = [
  'nofile',
  'nproc',
  'memlock',
  'core',
  'stack',
  'cpu',
  'data',
  'fsize',
  'locks',
  'msgqueue',
  'nice',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
] as const;
const FIRST = 65_536;

export function Ulimits(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { text, write } = useEngineForm();
  const { value, locked, problems } = useField(path, {});
  const limits = isObject(value) ? value : {};
  const names = Object.keys(limits);
  const free = NAMES.filter((name) => !names.includes(name));
  const put = (place: Path, next: unknown): void => write(setAt(text, [...path, ...place], next), 'form');
  const rename = (from: string, to: string): void => {
    const renamed = Object.entries(limits).map(([name, limit]) =>
      name === from ? [to, { ...(isObject(limit) ? limit : {}), Name: to }] : [name, limit],
    );
    write(setAt(text, path, Object.fromEntries(renamed)), 'form');
  };
  return (
    <FieldFrame
      path={path}
      problems={problems}
      group
      hint={
        free[0] === undefined ? undefined : (
          <button
            type="button"
            className="link"
            disabled={locked}
            onClick={() => put([free[0] ?? ''], { Name: free[0], Soft: FIRST, Hard: FIRST })}
          >
            {t('ulimits.add')}
          </button>
        )
      }
    >
      {({ describedBy }) => (
        <>
          {names.length === 0 ? null : (
            <div className={`${css['limitrow']} ${css['columns']}`} aria-hidden>
              <span>{t('ulimits.name')}</span>
              <span>{t('ulimits.soft')}</span>
              <span>{t('ulimits.hard')}</span>
            </div>
          )}
          {names.map((name) => (
            <div key={name} className={css['limitrow']}>
              <Select
                aria-label={t('ulimits.name')}
                data={[...new Set([name, ...free])]}
                value={name}
                disabled={locked}
                onChange={(next) => (next === null || next === name ? undefined : rename(name, next))}
              />
              {(['Soft', 'Hard'] as const).map((part) => (
                <TextInput
                  key={part}
                  classNames={mono}
                  aria-label={t('ulimits.of', { name, part: t(part === 'Soft' ? 'ulimits.soft' : 'ulimits.hard') })}
                  aria-describedby={describedBy}
                  inputMode="numeric"
                  value={shown(limits[name], part)}
                  disabled={locked}
                  error={problems.some((problem) => problem.severity === 'error' && isWithin(problem.path, [...path, name, part]))}
                  onChange={(event) => put([name, part], numberOr(event.currentTarget.value))}
                />
              ))}
              <IconButton
                small
                icon={IconX}
                label={t('field.remove', { value: name })}
                disabled={locked}
                onClick={() => put([name], undefined)}
              />
            </div>
          ))}
        </>
      )}
    </FieldFrame>
  );
}

function shown(limit: unknown, part: string): string {
  const value = isObject(limit) ? limit[part] : undefined;
  return valueWords(value);
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
