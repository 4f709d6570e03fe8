import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createAccount } from './account';
import { parsePs, proportional, readCounters } from './counters';
import type { Counters } from './counters';
import { ownProcesses } from './processes';
import type { OwnProcess } from './processes';

const proc = mkdtempSync(join(tmpdir(), 'berth-proc-'));
afterAll(() => rmSync(proc, { recursive: true, force: true }));

interface Fake {
  readonly command: string;
  readonly children?: readonly number[];
  readonly terminal?: number;
}

function put(pid: number, { command, children = [], terminal = 0 }: Fake): void {
  for (const thread of [pid, pid + 1]) {
    mkdirSync(join(proc, `${pid}/task/${thread}`), { recursive: true });
    writeFileSync(join(proc, `${pid}/task/${thread}/status`), 'voluntary_ctxt_switches:\t50\nnonvoluntary_ctxt_switches:\t9\n');
    // Any thread may be the one that forked.
    writeFileSync(join(proc, `${pid}/task/${thread}/children`), thread === pid ? '' : children.join(' '));
  }
  const fields = `S 1 ${pid} ${pid} ${terminal} -1 0 0 0 0 0 120 30 0 0 20 0 2 0 ${pid * 10} 0 0`;
  writeFileSync(join(proc, `${pid}/stat`), `${pid} (a ) b) ${fields}`);
  writeFileSync(join(proc, `${pid}/cmdline`), command.replaceAll(' ', '\0'));
  writeFileSync(join(proc, `${pid}/io`), 'rchar: 1\nwchar: 2\nread_bytes: 3\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n');
  writeFileSync(join(proc, `${pid}/status`), 'RssAnon:\t  100 kB\nRssFile:\t   20 kB\nRssShmem:\t  4000 kB\n');
  writeFileSync(join(proc, `${pid}/smaps_rollup`), 'Rss:  900 kB\nPss:  110 kB\nPss_Anon: 1 kB\n');
}

put(1000, { command: '/usr/bin/berth', children: [1010, 1020, 1030, 1040, 1050] });
put(1010, { command: '/usr/bin/berth --type=zygote', children: [1012] });
put(1012, { command: '/usr/bin/berth --type=renderer' });
put(1020, { command: '/b/lib/ld-linux-x86-64.so.2 --library-path /b /b/usr/bin/qemu-system-x86_64 -name berth' });
put(1030, { command: '/b/bin/share-keeper run/fs.sock /b/bin/virtiofsd --x', children: [1032] });
put(1032, { command: '/b/lib/ld-linux-x86-64.so.2 /b/usr/libexec/virtiofsd --fd=3' });
put(1040, { command: '/bin/bash', terminal: 34816, children: [1042] });
put(1042, { command: 'make -j8', terminal: 34816 });
put(1050, { command: '/usr/bin/docker compose up' });
put(2000, { command: '/b/bin/passt --one-off' });

test('finds all that Berth runs and whose it is, and nothing of what the user runs in the window’s terminal', () => {
  const roots = { backend: 1000, vm: 1020, others: [{ pid: 2000, part: 'network' }] as const };
  const found = ownProcesses(roots, proc);
  expect(Object.fromEntries(found.map(({ pid, part }) => [pid, part]))).toEqual({
    ...{ 1000: 'backend', 1010: 'window', 1012: 'window', 1020: 'vm', 1030: 'shares', 1032: 'shares', 1050: 'tools', 2000: 'network' },
  });
});

test.runIf(process.platform === 'linux')('reads a process’s counters, of all its threads', async () => {
  expect((await readCounters([1000, 999], proc)).get(1000)).toEqual({
    ...{ startTime: '10000', age: expect.any(Number), cpuSeconds: 1.5, writtenBytes: 8192, wakeups: 100 },
    memory: { privateBytes: 120 * 1024, sharedBytes: 4000 * 1024 },
  });
  expect(proportional(1000, proc)).toBe(110 * 1024);
  const own = (await readCounters([process.pid])).get(process.pid);
  expect(own?.cpuSeconds).toBeGreaterThan(0);
  expect(own?.wakeups).toBeGreaterThan(0);
});

test('reads what ps tells, with and without hours', () => {
  const text = '  412  51234   1:02.33 Sat Nov 21 10:00:00 2026\n 9  8 12:00:01.5 Sat Nov 21 10:00:00 2026\n';
  const found = parsePs(text);
  expect(found.get(412)).toMatchObject({ cpuSeconds: 62.33, startTime: 'Sat Nov 21 10:00:00 2026' });
  expect(found.get(412)?.writtenBytes).toBeUndefined();
  expect(found.get(9)?.cpuSeconds).toBe(12 * 3600 + 1.5);
});

test('counts what was used since the look before, shared memory once, and a pid that is used again from its start', async () => {
  const pids: OwnProcess[] = [
    { pid: 1, part: 'vm' },
    { pid: 2, part: 'shares' },
    { pid: 3, part: 'backend' },
  ];
  const memory = { privateBytes: 10, sharedBytes: 1000 };
  let now = new Map<number, Counters>([
    [1, { startTime: 'a', cpuSeconds: 100, wakeups: 5000, writtenBytes: 70, memory }],
    [2, { startTime: 'a', cpuSeconds: 1, wakeups: 10, writtenBytes: 0, memory }],
    [3, { startTime: 'a', cpuSeconds: 2, memory }],
  ]);
  const account = createAccount({ processes: () => pids, counters: () => Promise.resolve(now), proportional: () => 7 });
  const roots = { backend: 3, vm: 1, others: [] };
  expect(await account.look(roots, true)).toBeUndefined();
  now = new Map([
    [1, { startTime: 'a', cpuSeconds: 103, wakeups: 4990, writtenBytes: 90, memory }],
    [2, { startTime: 'b', age: 0.5, cpuSeconds: 4, wakeups: 11, writtenBytes: 5, memory }],
    [3, { startTime: 'a', cpuSeconds: 2.5, memory }],
  ]);
  const used = await account.look(roots, false);
  expect(used?.get('vm')).toEqual({ processes: 1, cpuSeconds: 3, wakeups: 0, writtenBytes: 20, memoryBytes: 1010 });
  expect(used?.get('shares')).toEqual({ processes: 1, cpuSeconds: 4, wakeups: 11, writtenBytes: 5, memoryBytes: 10 });
  // This system does not tell what it wrote: that is not nothing.
  expect(used?.get('backend')).toEqual({ processes: 1, cpuSeconds: 0.5, memoryBytes: 7 });
  pids.push({ pid: 9, part: 'shares' });
  now.set(9, { startTime: 'a', age: 500, cpuSeconds: 77, wakeups: 1, writtenBytes: 1, memory });
  expect((await account.look(roots, false))?.get('shares')).toMatchObject({ processes: 2, cpuSeconds: 0 });
});
