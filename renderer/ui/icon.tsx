// Tabler icons at the sizes of the design language: 16 px beside words, 14 px inside buttons.
import type { ComponentType, ReactNode } from 'react';

interface IconProps {
  readonly of: ComponentType<{ size?: number | string; stroke?: number | string; 'aria-hidden'?: boolean; className?: string }>;
  readonly small?: boolean;
  readonly className?: string;
}

export function Icon({ of: Tabler, small = false, className = '' }: IconProps): ReactNode {
  return <Tabler size={small ? 14 : 16} stroke={1.7} aria-hidden className={className} />;
}
