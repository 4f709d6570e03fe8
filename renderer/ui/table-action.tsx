// The buttons at the end of a row. Plain ones: thirty rows of floating tooltips would cost more than the rows.
import { Icon } from './icon';
import styles from './table-action.module.css';
import type { ComponentProps, ReactNode } from 'react';

interface RowActionProps {
  readonly icon: ComponentProps<typeof Icon>['of'];
  /** Verb and name, for the screen reader; `title` is the verb alone. */
  readonly label: string;
  readonly title: string;
  readonly onClick: (button: HTMLButtonElement) => void;
  readonly hasMenu?: boolean;
  readonly disabled?: boolean;
}

export function RowAction({ icon, label, title, onClick, hasMenu = false, disabled = false }: RowActionProps): ReactNode {
  return (
    <button
      type="button"
      className={styles.action}
      tabIndex={-1}
      aria-label={label}
      aria-haspopup={hasMenu ? 'menu' : undefined}
      title={title}
      disabled={disabled}
      onClick={(event) => {
        onClick(event.currentTarget);
      }}
    >
      <Icon of={icon} />
    </button>
  );
}
