// For a reference of a registry that has a prefix mirror: straight from there, or through the mirror; the rule's choice is the one that stands first.
import { Radio } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { PrefixMirror } from '../../../preload/contract';
import { useStore } from '../../state/context';
import type { ReactNode } from 'react';

/** dockerd's rule: what stands before the first slash is a registry if it looks like a host. */
function registryOf(reference: string): string {
  const slash = reference.indexOf('/');
  const first = reference.slice(0, Math.max(slash, 0));
  return /[.:]/.test(first) || first === 'localhost' ? first.toLowerCase() : '';
}

export function usePrefix(reference: string): PrefixMirror | undefined {
  const registry = registryOf(reference);
  return useStore((s) => (registry === '' ? undefined : s.mirrors.known?.prefixes.find((prefix) => prefix.registry === registry)));
}

interface ViaChoiceProps {
  readonly mirror: PrefixMirror;
  /** '' = straight. */
  readonly value: string;
  readonly onChange: (via: string) => void;
}

export function ViaChoice({ mirror: { registry, prefix }, value, onChange }: ViaChoiceProps): ReactNode {
  const { t } = useTranslation('images');
  return (
    <Radio.Group label={t('pull.via')} value={value} onChange={onChange}>
      <div style={{ display: 'grid', gap: 6 }}>
        <Radio size="xs" value={prefix} label={t('pull.through', { prefix })} description={t('pull.throughText', { registry })} />
        <Radio size="xs" value="" label={t('pull.straight', { registry })} />
      </div>
    </Radio.Group>
  );
}
