// What of a removed image comes back to this computer: by `docker rmi` alone, and by the trim after it; in blocks of the data disk's file.
// npm run bench -- disk [rounds]
import { rm, stat } from 'node:fs/promises';
import { silentLogger } from '../main/lib/logger';
import { createObservable } from '../main/lib/observable';
import { createTrimmer } from '../main/disk/trim';
import { createConnection } from '../main/engine/connection';
import { makeHome, openVm } from '../test/vm/open-vm';
import { randomTar } from '../test/vm/random-tar';
import { print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 3);
const BYTES = 200_000_000;

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const open = await openVm(home);
  await open.vm.start();
  const { vm, files } = open;
  const path = files.disks.data;
  const trimmer = createTrimmer({
    agent: vm.agent,
    path: () => Promise.resolve(path),
    freed: createObservable(0),
    log: silentLogger,
    onTrimmed: () => Promise.resolve(),
  });
  const blocks = async (): Promise<number> => {
    await vm.agent.call('sync', {});
    return (await stat(path)).blocks * 512;
  };
  const connection = createConnection(vm.dialer);
  const found = { byRemoval: [] as number[], byTrim: [] as number[], milliseconds: [] as number[] };
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      await trimmer.trim();
      const empty = await blocks();
      const query = { fromSrc: '-', repo: 'berth-bench', tag: String(round) };
      const upload = randomTar(BYTES) as AsyncIterable<Uint8Array>; // Its types leave it open.
      await drain(await connection.stream({ method: 'POST', path: '/images/create', query, upload, lane: 'bulk' }));
      const full = (await blocks()) - empty;
      await connection.json({ method: 'DELETE', path: `/images/berth-bench:${round}`, deadlineSeconds: 0 });
      const removed = (await blocks()) - empty;
      const start = performance.now();
      await trimmer.trim();
      const milliseconds = performance.now() - start;
      const trimmed = (await blocks()) - empty;
      if (round > 0) {
        found.byRemoval.push((full - removed) / full);
        found.byTrim.push((full - trimmed) / full);
        found.milliseconds.push(milliseconds);
      }
    }
  } finally {
    connection.dispose();
    trimmer.dispose();
    await open.close({ keepVm: false });
    await rm(home, { recursive: true, force: true });
  }
  const results = Object.fromEntries(Object.entries(found).map(([name, values]) => [name, summarise(values)]));
  const rows = Object.entries(results).map(([name, { median, min, max, n }]) => [name, median, min, max, n]);
  print('disk', [['shares of what the image took; ms', 'median', 'min', 'max', 'n'], ...rows], { rounds: ROUNDS, bytes: BYTES, results });
}

async function drain(source: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of source) {
    // dockerd's progress.
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
