// A button that shows only an icon: it always has a name, the same words as its tooltip.
import { ActionIcon, Tooltip } from '@mantine/core';
import type { ComponentProps, MouseEventHandler, ReactNode } from 'react';
import { Icon } from './icon';

interface IconButtonProps {
  readonly icon: ComponentProps<typeof Icon>['of'];
  readonly label: string;
  readonly onClick?: MouseEventHandler<HTMLButtonElement>;
  readonly disabled?: boolean;
  /** Why it is disabled; the tooltip says it. */
  readonly reason?: string | undefined;
  readonly small?: boolean;
  readonly tabIndex?: number;
  readonly expanded?: boolean;
}

export function IconButton({
  icon,
  label,
  onClick,
  disabled = false,
  reason,
  small = false,
  tabIndex,
  expanded,
}: IconButtonProps): ReactNode {
  return (
    <Tooltip label={reason ?? label}>
      <ActionIcon
        aria-label={label}
        size={small ? 24 : 28}
        aria-disabled={disabled}
        {...(disabled ? { 'data-disabled': true } : {})}
        {...(tabIndex === undefined ? {} : { tabIndex })}
        {...(expanded === undefined ? {} : { 'aria-expanded': expanded })}
        onClick={(event) => (disabled ? event.preventDefault() : onClick?.(event))}
      >
        <Icon of={icon} small={small} />
      </ActionIcon>
    </Tooltip>
  );
}
