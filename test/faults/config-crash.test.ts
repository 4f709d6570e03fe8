// A change of the configuration on a real VM, with the backend, dockerd or QEMU killed between its steps: it ends whole, in the old or the new
// configuration, and says which. One VM for all of them. BERTH_FAULTS=all kills before and after each step.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDocument } from '../../main/daemon-config/document';
import { dockerHostOf } from '../../main/lib/docker-host';
import { homeFiles } from '../../main/lib/home';
import { prepareRunFolder } from '../../main/lib/run-folder';
import { defaultDaemonDocument } from '../../preload/contract';
import { docker, everything } from '../vm/harness';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { makeHome, TEST_MEMORY, testResources } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';
import type { Case, Report } from './config-child';

const NAME = 'config-crash';
let home: string;
let box: Pick<OpenVm, 'dockerHost' | 'resources'>;
let child: Child;

interface Child {
  readonly process: ChildProcess;
  /** The next report; undefined where the process is gone. */
  report(): Promise<Report | undefined>;
}

async function bundle(): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'config-child.ts')],
    ...{ bundle: true, platform: 'node', format: 'cjs', outfile: join(home, 'child.cjs'), logLevel: 'error' },
    // Of jsonc-parser and its like, the modules that a bundle can follow.
    mainFields: ['module', 'main'],
    external: ['cpu-features', '@lydell/node-pty', 'node-pty', '*.node'],
  });
  await writeFile(join(home, 'resources.json'), JSON.stringify(box.resources));
}

async function start(): Promise<{ readonly child: Child; readonly first: Report }> {
  const env = { ...process.env, BERTH_RESOURCES: join(home, 'resources.json') };
  const started = spawn(process.execPath, [join(home, 'child.cjs'), home], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  const made: Child = {
    process: started,
    async report() {
      const { value, done } = await lines.next();
      return done === true ? undefined : (JSON.parse(value) as Report);
    },
  };
  const first = await made.report();
  if (first === undefined) {
    throw new Error('the backend ended before its engine answered');
  }
  return { child: made, first };
}

beforeAll(async () => {
  home = await makeHome('berth-c-');
  const files = homeFiles(home, await prepareRunFolder(home));
  box = { dockerHost: dockerHostOf(files), resources: await testResources() };
  await writeFile(files.settings, JSON.stringify({ format: 1, vm: { memoryBytes: TEST_MEMORY } }));
  await bundle();
  ({ child } = await start());
  await ensureTestImage(box);
  await docker(box, ['run', '-d', '--name', NAME, '--restart', 'always', TEST_IMAGE, 'sleep', '100000']);
});

afterAll(async () => {
  child.process.stdin?.write('end\n');
  await once(child.process, 'exit');
  await rm(home, { recursive: true, force: true });
});

const started = (): Promise<string> => docker(box, ['inspect', '-f', '{{.State.StartedAt}} {{.State.Pid}}', NAME]);
const meaning = (text: string): unknown =>
  Object.fromEntries(Object.entries(JSON.parse(text) as object).filter(([, value]) => !(Array.isArray(value) && value.length === 0)));

let count = 0;
let text = formatDocument(defaultDaemonDocument);

/** Each case changes from what the one before left to something that nobody had yet. */
async function survive({ victim, point, when, change }: Omit<Case, 'text'> & { readonly change: 'reload' | 'restart' }): Promise<void> {
  count += 1;
  const before = text;
  const present = JSON.parse(before) as Record<string, unknown>;
  const after = JSON.stringify(
    change === 'reload'
      ? { ...present, labels: [`case=${count}`] }
      : { ...present, 'log-driver': present['log-driver'] === 'local' ? 'json-file' : 'local', labels: [`case=${count}`] },
  );
  const since = await started();
  child.process.stdin?.write(`${JSON.stringify({ text: after, victim, point, when } satisfies Case)}\n`);
  let report = await child.report();
  if (victim === 'backend') {
    expect(report).toBeUndefined();
    const next = await start();
    child = next.child;
    report = next.first;
  }
  if (report === undefined) {
    throw new Error('the backend ended');
  }
  const { state, history, notices, file } = report;
  expect([before, after]).toContain(state.text);
  text = state.text;
  expect(meaning(file)).toEqual(meaning(text));
  expect(state.inForce?.differences).toEqual([]);
  expect(await docker(box, ['info', '-f', '{{.LoggingDriver}} {{json .Labels}}'])).toBe(inForce(text));
  if (victim !== 'QEMU') {
    expect(await started()).toBe(since);
  }
  const [last] = history;
  if (last?.result === 'recovered') {
    const code = text === after ? 'config.recoveredNew' : 'config.recoveredOld';
    expect(last.error?.code).toBe(code);
    expect(notices.map(({ error }) => error.code)).toContain(code);
  } else if (text === after) {
    expect(last).toMatchObject({ result: 'applied' });
  }
}

function inForce(of: string): string {
  const document = JSON.parse(of) as { readonly 'log-driver'?: string; readonly labels?: readonly string[] };
  return `${document['log-driver'] ?? 'json-file'} ${JSON.stringify(document['labels'] ?? [])}\n`;
}

/** Before a step is after the one before it, but for the microseconds between. The fake of main/daemon-config/crash.test.ts has every one of them. */
const moments = everything ? (['before', 'after'] as const) : (['after'] as const);
const cases = (victims: readonly Case['victim'][], points: readonly Case['point'][], short = points) =>
  victims.flatMap((victim) => (everything ? points : short).flatMap((point) => moments.map((when) => ({ victim, point, when }))));

describe('a restart', () => {
  const points = ['validate', 'write', 'restart', 'ping'] as const;
  test.each([
    ...cases(['backend'], points),
    ...cases(['dockerd'], points, ['write', 'restart', 'ping']),
    // Each of these is a boot: on both sides of the step where the outcome turns.
    ...cases(['QEMU'], points, ['write', 'restart']),
  ])('$victim is killed $when $point', (each) => survive({ ...each, change: 'restart' }));
});

describe('a reload', () => {
  test.each(cases(['backend', 'dockerd'], ['write', 'reload']))('$victim is killed $when $point', (each) =>
    survive({ ...each, change: 'reload' }),
  );
});
