// A computer that lets its programs open few files: a server of a share holds one for each file that the guest knows, so the guest has to forget
// in time. One boot, in a process whose own limit is lowered.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runDocker } from '../vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { openBackend, quiet } from '../vm/open-backend';
import type { OpenBackend } from '../vm/open-backend';
import { makeHome } from '../vm/open-vm';

const LIMIT = 4000;
/** Fewer than the half that is left when the guest begins to forget, and with pauses in which it looks, once a second. */
const BATCH = 1500;
const BATCHES = 6;

let home: string;
let folder: string;
let box: OpenBackend;

beforeAll(async () => {
  // Its worker is this file's alone.
  await promisify(execFile)('prlimit', ['--pid', String(process.pid), `--nofile=${LIMIT}:${LIMIT}`]);
  home = await makeHome('berth-few-');
  folder = await mkdtemp('/var/tmp/berth-few-');
  const settings = { format: 1, vm: { memoryBytes: 2 ** 30 }, shares: { folders: [{ path: folder, readOnly: false }] } };
  await writeFile(join(home, 'settings.json'), JSON.stringify(settings));
  box = await openBackend(home);
  await box.handlers['vm.start']({}, quiet);
  await ensureTestImage(box);
});
afterAll(async () => {
  await box.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

test('a container makes, reads and lists more than twice as many files as its server may open', async () => {
  const make = `i=0; while [ $i -lt ${BATCH} ]; do echo $i > $b-$i || exit 1; i=$((i+1)); done; sleep 3`;
  const script = `cd /shared; for b in $(seq ${BATCHES}); do ${make}; done; cat 1-7 ${BATCHES}-7; set -- *; echo $#`;
  const { code, stdout, stderr } = await runDocker(box, ['run', '--rm', '-v', `${folder}:/shared`, TEST_IMAGE, 'sh', '-c', script]);
  expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: `7\n7\n${BATCH * BATCHES}\n` });
  expect(await readdir(folder)).toHaveLength(BATCH * BATCHES);
  const { shares } = await box.first((context) => box.handlers['shares.changes']({}, context));
  expect(shares[0]).toMatchObject({ path: folder, state: 'mounted' });
  const { stdout: said } = await promisify(execFile)('grep', ['-c', `of ${LIMIT} that a server may hold open`, box.files.logs.guest]);
  expect(Number(said)).toBeGreaterThan(0);
});
