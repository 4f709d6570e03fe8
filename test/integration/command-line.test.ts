// The command line against real backend processes over a fake engine: what it prints, where, with which exit code.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingSocket } from '../../main/lib/engine-http';
import { identify } from '../../main/lib/process';
import { firstLine, startProcesses } from '../fakes/backend-processes';
import type { Processes } from '../fakes/backend-processes';

let p: Processes;
beforeAll(async () => {
  p = await startProcesses();
}, 60_000);
afterAll(() => p.dispose());

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on('exit', resolve));

/** Resolves once stderr holds the text, with the way to read all of it. */
function untilSaid(child: ChildProcess, text: string): Promise<() => string> {
  let words = '';
  return new Promise((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      words += chunk;
      if (words.includes(text)) {
        resolve(() => words);
      }
    });
  });
}

const fields = ['state', 'phase', 'error', 'dockerHost', 'engine', 'vm', 'suspended', 'boot', 'home', 'shells'];

describe('without a backend', () => {
  it('status says stopped with every field, and ends with 3', async () => {
    const { code, stdout } = await p.berth('status', '--json');
    expect(code).toBe(3);
    const status = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(status)).toEqual(fields);
    expect(status).toMatchObject({ state: 'stopped', dockerHost: `unix://${p.home}/run/docker.sock`, home: p.home, vm: null, shells: [] });
  });

  it.each([['stop'], ['restart'], ['logs']])('%s ends with 3 and says how to start', async (command) => {
    const { code, stdout, stderr } = await p.berth(command);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain('berth start');
  });

  it('env prints what a shell needs, and nothing is started', async () => {
    const { code, stdout } = await p.berth('env', '--shell', 'sh');
    expect([code, stdout.split('\n')[0]]).toEqual([0, `export DOCKER_HOST=unix://${p.home}/run/docker.sock`]);
    expect(existsSync(join(p.home, 'lock'))).toBe(false);
  });

  it('env adds the bundled docker where there is none, quoted', async () => {
    const odd = join(p.folder, "it's here");
    mkdirSync(odd);
    writeFileSync(join(odd, 'resources.json'), '{"guest":"guest","bundle":"bun dle"}');
    const { stdout } = await p.berthWith(
      { PATH: odd, BERTH_HOME: join(odd, 'home'), BERTH_RESOURCES: join(odd, 'resources.json') },
      'env',
      '--shell',
      'sh',
    );
    const quoted = (path: string): string => `'${path.replace("'", `'\\''`)}'`;
    expect(stdout).toBe(
      `export DOCKER_HOST=${quoted(`unix://${odd}/home/run/docker.sock`)}\nexport PATH="$PATH":${quoted(join(odd, 'bun dle', 'bin'))}\n`,
    );
  });

  it.each([[['bogus']], [['status', '--nope']], [['start', 'extra']], [['env', '--shell', 'tcsh']], [[]]])(
    '%j ends with 2',
    async (args) => {
      expect((await p.berth(...args)).code).toBe(2);
    },
  );

  it("every command has help, in the user's language", async () => {
    for (const command of ['start', 'stop', 'restart', 'status', 'env', 'open', 'logs', 'doctor', 'version']) {
      const { code, stdout } = await p.berth(command, '--help');
      expect([code, stdout.includes(`berth ${command}`)]).toEqual([0, true]);
    }
    expect((await p.berthWith({ LC_ALL: 'zh_CN.UTF-8' }, 'start', '--help')).stdout).toContain('启动引擎');
    expect((await p.berth('version')).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('a home that cannot be written is said with its path', async () => {
    writeFileSync(join(p.folder, 'file'), '');
    const { code, stderr } = await p.berth('--home', join(p.folder, 'file', 'home'), 'start');
    expect(code).toBe(1);
    expect(stderr).toContain(join(p.folder, 'file', 'home'));
    expect(stderr).toContain('Next:');
  });

  it('a home of a newer format is refused untouched', async () => {
    const home = join(p.folder, 'newer');
    mkdirSync(home);
    writeFileSync(join(home, 'format'), '9\n');
    const { code, stderr } = await p.berth('--home', home, 'status');
    expect(code).toBe(1);
    expect(stderr).toContain('newer');
    expect(readdirSync(home)).toEqual(['format']);
  });
});

describe('with a backend', () => {
  it('start spawns it, tells the phases on stderr, and returns when the engine answers', async () => {
    const { code, stdout, stderr } = await p.berthWith({ BERTH_FAKE_PHASE_MS: '30' }, 'start');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/Kernel .*s\n(.*\n)*.*Engine answers .*s\n/);
    expect(await pingSocket(join(p.home, 'run', 'docker.sock'))).toMatchObject({ apiVersion: expect.any(String) as string });
  });

  it('status tells all of it', async () => {
    const { code, stdout } = await p.berth('status', '--json');
    expect(code).toBe(0);
    const status = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(status)).toEqual(fields);
    expect(status).toMatchObject({
      state: 'running',
      phase: null,
      error: null,
      engine: { version: expect.any(String) as string, apiVersion: expect.any(String) as string },
      vm: { driver: 'qemu', accelerator: 'tcg', cpus: 2, pid: expect.any(Number) as number },
      boot: {
        seconds: expect.any(Number) as number,
        phases: expect.arrayContaining([{ phase: 'ping', seconds: expect.any(Number) as number }]) as unknown,
      },
      shells: ['headless'],
    });
    expect((await p.berth('status')).stdout).toContain('Running');
  });

  it('start again only says so', async () => {
    const { code, stderr } = await p.berth('start');
    expect(code).toBe(0);
    expect(stderr).toContain('running already');
  });

  it('logs, doctor, restart and open work over the control socket', async () => {
    expect((await p.berth('logs', '--lines', '5')).stdout.split('\n').length).toBeLessThanOrEqual(6);
    expect((await p.berth('logs', '--source', 'nope')).code).toBe(2);
    const doctor = await p.berth('doctor');
    expect(doctor.stdout).toContain('Engine: Docker');
    expect(doctor.code).toBe(0);
    expect((await p.berth('restart')).code).toBe(0);
    expect((await p.berth('restart', '--engine')).code).toBe(0);
    expect((await p.berth('open')).stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#code=[\w-]{43}\n$/);
  });

  it('nothing in the home is for others', () => {
    const look = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        const open = (statSync(path).mode & 0o077) !== 0 ? [path] : [];
        return [...open, ...(entry.isDirectory() ? look(path) : [])];
      });
    expect(look(p.home)).toEqual([]);
    expect(statSync(p.home).mode & 0o777).toBe(0o700);
  });

  it('Ctrl-C leaves a sane state: a start goes on, a backend in the foreground stops in order', async () => {
    await p.berth('stop');
    const started = p.spawn({ BERTH_FAKE_PHASE_MS: '300' }, 'start');
    const words = await untilSaid(started, 'Prepare');
    started.kill('SIGINT');
    expect(await ended(started)).toBe(1);
    expect(words()).toContain('goes on in the background');
    expect((await p.berth('start')).code).toBe(0);
    await p.berth('stop');

    const foreground = p.headless('--print', '--start');
    await firstLine(foreground);
    foreground.kill('SIGINT');
    expect(await ended(foreground)).toBe(0);
    expect(existsSync(join(p.home, 'lock'))).toBe(false);
    await p.berth('start');
  });

  it('stop ends it and leaves no process, socket or lock', async () => {
    const pid = p.owner();
    const { code } = await p.berth('stop');
    expect(code).toBe(0);
    expect(await identify(pid)).toBeUndefined();
    expect(readdirSync(join(p.home, 'run'))).toEqual([]);
    expect(existsSync(join(p.home, 'lock'))).toBe(false);
    expect(readFileSync(join(p.home, 'logs', 'headless.log'), 'utf8')).toBe('');
  });
});
