import { expect, test } from 'vitest';
import { settingsSchema } from '../../../preload/contract';
import type { VmLimits } from '../../../preload/contract';
import { checkDraft, draftOf, GIB, gibWithin, sameDraft, valuesOf } from './vm-draft';

const limits: VmLimits = {
  cpus: { min: 1, max: 8, default: 4 },
  memoryBytes: { min: GIB, max: 12.4 * GIB, default: 4 * GIB },
  accelerators: [],
};
const settings = settingsSchema.parse({ vm: { memoryBytes: 6 * GIB } });

test('settings become fields and fields the same settings', () => {
  const draft = draftOf(settings);
  expect(draft).toEqual({ cpus: '', memoryGib: '6', accelerator: 'auto' });
  expect(settings.vm).toMatchObject(valuesOf(draft));
  expect(sameDraft(draft, draftOf(settings))).toBe(true);
});

test('an empty field is the default and always fits', () => {
  expect(checkDraft({ cpus: '', memoryGib: '', accelerator: 'auto' }, limits)).toEqual({});
});

test('too much, too little and half a CPU are refused with the figures of this computer', () => {
  expect(checkDraft({ cpus: '9', memoryGib: '64', accelerator: 'auto' }, limits)).toEqual({
    cpus: { code: 'settings.cpus', params: { asked: 9, min: 1, max: 8 } },
    memory: { code: 'settings.memory', params: { askedBytes: 64 * GIB, minBytes: GIB, maxBytes: 12.4 * GIB } },
  });
  expect(checkDraft({ cpus: '1.5', memoryGib: '0.5', accelerator: 'auto' }, limits)).toHaveProperty('cpus');
  expect(checkDraft({ cpus: '0', memoryGib: '0', accelerator: 'auto' }, limits)).toHaveProperty('memory');
});

test('what is offered instead fits', () => {
  expect(gibWithin(64 * GIB, limits.memoryBytes)).toBe(12.25);
  expect(gibWithin(0, limits.memoryBytes)).toBe(1);
});
