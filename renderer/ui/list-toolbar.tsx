// The left end of a list's toolbar: tabs with counts, and the search that leads down into the table.
import { IconFilter } from '@tabler/icons-react';
import { Icon } from './icon';
import styles from './list-toolbar.module.css';
import type { KeyboardEvent, ReactNode } from 'react';

interface FilterTabsProps<F extends string> {
  readonly label: string;
  readonly filters: readonly F[];
  readonly text: (filter: F) => string;
  readonly counts: Readonly<Record<F, number>>;
  readonly value: F;
  readonly onChange: (filter: F) => void;
}

export function FilterTabs<F extends string>({ label, filters, text, counts, value, onChange }: FilterTabsProps<F>): ReactNode {
  return (
    <div className={styles.seg} role="group" aria-label={label}>
      {filters.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          onClick={() => {
            onChange(each);
          }}
        >
          {text(each)} <b>{counts[each]}</b>
        </button>
      ))}
    </div>
  );
}

interface ListSearchProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly onLeave: () => void;
}

export function ListSearch({ label, value, onChange, onLeave }: ListSearchProps): ReactNode {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      onLeave();
    } else if (event.key === 'Escape' && value !== '') {
      event.stopPropagation();
      onChange('');
    }
  };
  return (
    <label className={styles.filter}>
      <Icon of={IconFilter} small />
      <input
        type="text"
        data-search
        aria-label={label}
        placeholder={label}
        value={value}
        spellCheck={false}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          onChange(event.currentTarget.value);
        }}
      />
    </label>
  );
}
