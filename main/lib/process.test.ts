import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { hasOrphans, identify, isAlive, isSameProcess } from './process';

test('a process is itself, and not another one with its pid', async () => {
  const me = await identify(process.pid);
  expect(me).toBeDefined();
  if (me === undefined) {
    return;
  }
  expect(await isSameProcess(me)).toBe(true);
  expect(await isSameProcess({ ...me, startTime: `${me.startTime}0` })).toBe(false);
  expect(await isSameProcess({ ...me, bootId: 'another boot' })).toBe(false);
});

test('one that ended is nobody', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = await identify(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(child.pid ?? 0)).toBe(false);
  expect(identity !== undefined && (await isSameProcess(identity))).toBe(false);
});

test('a group is known by who led it, for as long as anybody is left of it', async () => {
  const leader = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], { detached: true });
  const [words] = (await once(leader.stdout, 'data')) as [Buffer];
  const identity = await identify(leader.pid ?? 0);
  if (identity === undefined) {
    throw new Error('the leader did not start');
  }
  expect(await hasOrphans(identity)).toBe(false);
  leader.kill('SIGKILL');
  await vi.waitFor(async () => expect(await hasOrphans(identity)).toBe(true));
  expect(await hasOrphans({ ...identity, bootId: 'another boot' })).toBe(false);
  process.kill(Number(words), 'SIGKILL');
  await vi.waitFor(async () => expect(await hasOrphans(identity)).toBe(false));
});

test('names with spaces and parentheses do not confuse the start time', async () => {
  const child = spawn('bash', ['-c', 'exec -a "a) S 1 (b" sleep 60']);
  await once(child, 'spawn');
  expect((await identify(child.pid ?? 0))?.startTime).toMatch(/^\d+$/);
  child.kill('SIGKILL');
});
