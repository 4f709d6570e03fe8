import { expect, test } from 'vitest';
import { settingsSchema } from '../../preload/contract';
import type { VmStatus } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import { createPauses } from './pauses';

const at = Date.UTC(2026, 10, 21, 12);

function bed(state: VmStatus['state'], language: 'en' | 'zh-CN' | 'system' = 'en', locale = 'en-US') {
  const status = createObservable({ state } as VmStatus);
  let now = at;
  const pauses = createPauses({
    status,
    settings: createObservable(settingsSchema.parse({ language })),
    locale,
    now: () => now,
  });
  const go = (next: VmStatus['state'], seconds: number): void => {
    now += seconds * 1000;
    status.set({ state: next } as VmStatus);
  };
  return { pauses, go };
}

test('what ends while the VM runs, or with a boot, ended by itself', async () => {
  expect(bed('running').pauses.over()).toBeUndefined();
  expect(bed('stopping').pauses.over()).toBeUndefined();
  const { pauses, go } = bed('suspended');
  const over = pauses.over();
  go('resuming', 1);
  go('starting', 1);
  expect(await over).toBeUndefined();
});

test('the mark says from when to when, in the window’s language', async () => {
  for (const [language, locale, part] of [
    ['en', 'zh-CN', 'a new one'],
    ['system', 'zh-CN', '新的 shell'],
    ['zh-CN', 'en-US', '新的 shell'],
  ] as const) {
    const { pauses, go } = bed('suspending', language, locale);
    const over = pauses.over();
    go('suspended', 5);
    go('resuming', 600);
    go('running', 1);
    const words = await over;
    expect(words).toContain(part);
    expect(words).toMatch(/:00:00.*:10:06/);
    expect(words).not.toMatch(/[AP]M/);
  }
});
