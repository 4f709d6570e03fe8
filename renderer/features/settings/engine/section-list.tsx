// Which sections the engine's settings have, in their order, and what stands in each. `SectionBody` stacks; certificates and proxies come with
// their own state and need nothing from the draft.
import type { ComponentType } from 'react';
import type { DaemonKeyGroup } from '../../../../preload/contract';

export interface EngineSection {
  readonly id: DaemonKeyGroup;
  /** From top to bottom; components take no properties and read the draft by `useEngineForm`. */
  readonly parts: readonly ComponentType[];
}

export const engineSections: readonly EngineSection[] = [
  // After the forms of the registries: CertificatesSection of ../certificates-section.
  { id: 'registries', parts: [] },
  { id: 'network', parts: [] },
  { id: 'dns', parts: [] },
  // ProxiesSection of ../proxies-section.
  { id: 'proxies', parts: [] },
  { id: 'logging', parts: [] },
  { id: 'limits', parts: [] },
  { id: 'storage', parts: [] },
  { id: 'builder', parts: [] },
  { id: 'runtime', parts: [] },
  { id: 'other', parts: [] },
];
