// `berth mirrors`, `config`, `pull`, `trust` and `proxy` as processes against a whole backend over a fake engine and a fake guest.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstLine, startProcesses } from '../fakes/backend-processes';
import type { Processes } from '../fakes/backend-processes';

let p: Processes;
let backend: ChildProcess;
beforeAll(async () => {
  p = await startProcesses();
  const serve = resolve('test/fakes/serve.mjs');
  const args = [serve, '--home', p.home, '--renderer', join(p.folder, 'dist', 'renderer'), '--phase-ms', '5'];
  backend = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await firstLine(backend);
  await p.berth('start');
}, 60_000);
afterAll(async () => {
  if (backend.exitCode === null) {
    const ended = once(backend, 'exit');
    backend.kill();
    await ended;
  }
  await p.dispose();
}, 60_000);

const json = async (...args: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await p.berth(...args, '--json')).stdout) as Record<string, unknown>;

describe('mirrors', () => {
  it('are added, put in order and in force live, and told by the list', async () => {
    expect((await p.berth('mirrors', 'add', 'a.example.com', 'https://b.example.com/')).code).toBe(0);
    const used = await p.berth('mirrors', 'use', 'b.example.com');
    expect(used.code).toBe(0);
    expect(used.stderr).toMatch(/Reload .* s\n(.*\n)*In force\.\n$/);
    expect(await json('mirrors', 'list')).toMatchObject({
      mirrors: [
        { url: 'https://b.example.com', state: 'inForce' },
        { url: 'https://a.example.com', state: 'off' },
      ],
      inForce: ['https://b.example.com'],
      differs: false,
    });
    expect((await p.berth('config', 'get', 'registry-mirrors')).stdout).toBe('["https://b.example.com"]\n');
  });

  it('that are none are refused, and nothing is changed', async () => {
    const before = await json('mirrors', 'list');
    expect((await p.berth('mirrors', 'add', 'ftp://a.example.com')).code).toBe(2);
    expect((await p.berth('mirrors', 'add', 'https://b.example.com')).code).toBe(1);
    expect(await json('mirrors', 'list')).toEqual(before);
  });
});

describe('the configuration', () => {
  it('is changed, compared, found in the history and restored', async () => {
    expect(await json('config', 'set', 'debug', 'true')).toMatchObject({ result: 'applied', class: 'reload', error: null });
    expect((await p.berth('config', 'get', 'debug')).stdout).toBe('true\n');
    expect((await p.berth('config', 'diff')).code).toBe(0);
    expect(await json('config', 'unset', 'debug')).toMatchObject({ result: 'applied' });
    const history = JSON.parse((await p.berth('config', 'history', '--json')).stdout) as { id: string; origin: string }[];
    const [, entry] = history;
    expect(entry).toMatchObject({ origin: 'cli', result: 'applied', changes: [{ key: 'debug' }] });
    expect((await p.berth('config', 'restore', entry?.id.slice(0, 8) ?? '')).code).toBe(0);
    expect((await p.berth('config', 'get', 'debug')).stdout).toBe('true\n');
  });

  it('of a file is refused at line and column, and the document stays as it was', async () => {
    const file = join(p.folder, 'daemon.json');
    writeFileSync(file, '{\n  "debug": tru\n}\n');
    const before = readFileSync(join(p.home, 'daemon.json'), 'utf8');
    const { code, stderr } = await p.berth('config', 'apply', file);
    expect([code, stderr.startsWith(`${file}:2:12: error: `)]).toEqual([1, true]);
    expect(readFileSync(join(p.home, 'daemon.json'), 'utf8')).toBe(before);
  });

  it('a warning is not passed over without --yes', async () => {
    const refused = await json('config', 'set', 'regsitry-mirrors', 'x');
    expect(refused).toMatchObject({ result: 'refused', error: { code: 'config.needsAcceptance' } });
  });

  it('is edited in the editor; what cannot be taken is kept in its file', async () => {
    const edited = await p.berthWith({ VISUAL: 'sed -i s/true/tru/' }, 'config', 'edit');
    expect(edited.code).toBe(1);
    const [, kept = ''] = /in (\/\S+daemon\.json)/.exec(edited.stderr) ?? [];
    expect(readFileSync(kept, 'utf8')).toContain('tru');
    expect((await p.berthWith({ EDITOR: 'sed -i "/debug/s/true/false/"', VISUAL: '' }, 'config', 'edit')).code).toBe(0);
    expect((await p.berth('config', 'get', 'debug')).stdout).toBe('false\n');
  });
});

describe('pulls, authorities, proxies', () => {
  it('a pull prints what was pulled; one that is refused ends with 1', async () => {
    const pulled = await p.berth('pull', 'busybox');
    expect([pulled.code, pulled.stdout]).toEqual([0, 'busybox\n']);
    expect((await p.berth('pull', 'Not A Reference')).code).toBe(1);
  });

  it('authorities and proxies are listed', async () => {
    expect(await json('trust', 'list')).toMatchObject({ host: expect.any(Array) as unknown, added: [] });
    expect(await json('proxy', 'engine')).toMatchObject({ engine: { mode: expect.any(String) as unknown } });
  });
});

describe('while the engine is off', () => {
  it('a change is kept for its start, by a backend in the background; what needs the engine ends with 3', async () => {
    expect((await p.berth('stop')).code).toBe(0);
    expect((await p.berth('mirrors', 'test', 'a.example.com')).code).toBe(3);
    expect(await json('config', 'set', 'debug', 'true')).toMatchObject({ result: 'kept', error: null });
    expect((await p.berth('config', 'get', 'debug')).stdout).toBe('true\n');
    expect((await p.berth('status')).code).toBe(3);
    expect((await p.berth('mirrors', 'test', 'a.example.com')).code).toBe(3);
    expect((await p.berth('config', 'diff')).code).toBe(3);
  });
});
