import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../lib/logger';
import { identify } from '../lib/process';
import { acquireLock, readOwner } from './lock';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const who = { kind: 'headless', build: 'test' };
const acquire = (): ReturnType<typeof acquireLock> => acquireLock(path, who, silentLogger);

/** A process that is surely gone by now, with the identity it had. */
async function deadProcess(): Promise<object> {
  const child = spawn('sleep', ['60']);
  const identity = await identify(child.pid ?? 0);
  const gone = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGKILL');
  await gone;
  return { ...identity, nonce: 'dead', kind: 'headless', build: 'x' };
}

describe('the lock of a home', () => {
  it('has one owner, and is free after its release', async () => {
    const first = await acquire();
    expect(first.kind).toBe('owned');
    expect(await acquire()).toMatchObject({ kind: 'taken', owner: { pid: process.pid } });
    if (first.kind === 'owned') {
      await first.lock.release();
    }
    expect(existsSync(path)).toBe(false);
    expect(await readOwner(path)).toBeUndefined();
    expect((await acquire()).kind).toBe('owned');
  });

  it.each(['', '{"pid":1', 'null', '{"pid":1}'])("%j is nobody's", async (text) => {
    writeFileSync(path, text);
    expect((await acquire()).kind).toBe('owned');
  });

  it('of a dead process is broken', async () => {
    writeFileSync(path, JSON.stringify(await deadProcess()));
    expect((await acquire()).kind).toBe('owned');
  });

  it('whose pid another program uses now is broken', async () => {
    writeFileSync(path, JSON.stringify({ ...(await identify(process.pid)), startTime: '1', nonce: 'n', kind: 'headless', build: 'x' }));
    expect((await acquire()).kind).toBe('owned');
  });

  it('of another boot is broken, although pid and start time agree', async () => {
    writeFileSync(path, JSON.stringify({ ...(await identify(process.pid)), bootId: 'before', nonce: 'n', kind: 'headless', build: 'x' }));
    expect((await acquire()).kind).toBe('owned');
  });

  it('is won by one of many who break a stale one at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      writeFileSync(path, JSON.stringify({ ...(await deadProcess()), nonce: `n${round}` }));
      const results = await Promise.all(Array.from({ length: 20 }, acquire));
      expect(results.filter(({ kind }) => kind === 'owned')).toHaveLength(1);
      expect(readdirSync(folder)).toEqual(['lock']);
      expect(readFileSync(path, 'utf8')).toContain(String(process.pid));
    }
  });

  it('is broken although an earlier breaker died in the middle', async () => {
    const dead = JSON.stringify(await deadProcess());
    writeFileSync(path, dead);
    const { createHash } = await import('node:crypto');
    writeFileSync(`${path}.${createHash('sha256').update(dead).digest('hex').slice(0, 12)}`, JSON.stringify(await deadProcess()));
    expect((await acquire()).kind).toBe('owned');
    expect(readdirSync(folder)).toEqual(['lock']);
  });
});
