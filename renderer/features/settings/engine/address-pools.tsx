// Ranges that new networks are cut from, and how large each is.
import { TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../ui/icon-button';
import { isWithin, useField } from './engine-form';
import css from './field.module.css';
import { FieldFrame, mono, numberOr } from './field-frame';
import type { Path } from './text-edit';

const path: Path = ['default-address-pools'];
/** Free in most houses; the check says where it is not. */
const PROPOSED = { base: '172.30.0.0/16', size: 24 };

interface Pool {
  readonly base: string;
  readonly size: string;
}

export function AddressPools(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { value, locked, problems, set } = useField(path, []);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const pools = items.map(poolOf);
  const networks = pools.reduce((sum, pool) => sum + capacity(pool), 0);
  const write = (next: readonly unknown[]): void => set(next.length === 0 ? undefined : next);
  const patch = (index: number, change: Readonly<Record<string, unknown>>): void =>
    write(items.map((item, at) => (at === index ? { ...(typeof item === 'object' ? item : {}), ...change } : item)));
  const wrong = (...place: Path): boolean =>
    problems.some((problem) => problem.severity === 'error' && isWithin(problem.path, [...path, ...place]));
  return (
    <FieldFrame
      path={path}
      problems={problems}
      group
      hint={
        <>
          {networks > 0 ? t('pools.capacity', { count: networks }) : ''}
          {t('field.join')}
          <button type="button" className="link" disabled={locked} onClick={() => write([...items, PROPOSED])}>
            {t(pools.length === 0 ? 'pools.first' : 'pools.more')}
          </button>
        </>
      }
    >
      {({ describedBy }) =>
        pools.map(({ base, size }, index) => (
          <div key={index} className={css['poolrow']}>
            <TextInput
              classNames={mono}
              aria-label={t('pools.base', { number: index + 1 })}
              aria-describedby={describedBy}
              value={base}
              disabled={locked}
              error={wrong(index, 'base')}
              spellCheck={false}
              onChange={(event) => patch(index, { base: event.currentTarget.value })}
            />
            <TextInput
              classNames={mono}
              aria-label={t('pools.size', { number: index + 1 })}
              aria-describedby={describedBy}
              value={`/${size}`}
              disabled={locked}
              error={wrong(index, 'size')}
              inputMode="numeric"
              onChange={(event) => patch(index, { size: numberOr(event.currentTarget.value.replace(/^\//, '')) })}
            />
            <IconButton
              small
              icon={IconX}
              label={t('field.remove', { value: base })}
              disabled={locked}
              onClick={() => write(items.filter((_, at) => at !== index))}
            />
          </div>
        ))
      }
    </FieldFrame>
  );
}

function poolOf(item: unknown): Pool {
  const { base, size } = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
  return { base: typeof base === 'string' ? base : '', size: typeof size === 'number' || typeof size === 'string' ? String(size) : '' };
}

/** How many networks of this size there are in it; 0 where that cannot be said. */
function capacity({ base, size }: Pool): number {
  const prefix = Number(/\/(\d+)$/.exec(base)?.[1]);
  const bits = Number(size) - prefix;
  return Number.isInteger(bits) && bits >= 0 && bits <= 30 ? 2 ** bits : 0;
}
