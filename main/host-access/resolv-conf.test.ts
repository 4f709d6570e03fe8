import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { guestServers, parseServers, readServers, watchServers } from './resolv-conf';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-dns-'));
  folders.push(folder);
  return folder;
};

test('servers are read as glibc reads them: three, without what is no address', () => {
  const text =
    '# nameserver 9.9.9.9\n nameserver 192.0.2.1 \nnameserver fd00::1\nnameserver dns.example\nnameserver 192.0.2.1\nnameserver ::1\nnameserver 8.8.8.8\n';
  expect(parseServers(text)).toEqual(['192.0.2.1', 'fd00::1', '::1']);
});

test.each([
  ['user', ['192.168.1.1', '192.168.1.2'], ['10.0.2.3', '192.168.1.2']],
  ['user', ['127.0.0.53'], ['10.0.2.3']],
  ['user', ['fd00::1'], ['fec0::3']],
  ['user', ['fe80::1', '127.0.0.1', '127.0.0.2'], ['fec0::3', '10.0.2.3']],
  ['user', [], ['10.0.2.3']],
  ['passt', ['192.168.1.1', 'fd00::1'], ['192.168.1.1', 'fd00::1']],
  ['passt', ['127.0.0.53', '8.8.8.8'], ['10.0.2.3', '8.8.8.8']],
  ['passt', ['::1'], ['fec0::3']],
] as const)('below %s the guest asks for %j: %j', (backend, servers, expected) => {
  expect(guestServers(servers, backend)).toEqual(expected);
});

test('a file that is replaced behind a link is followed, and another one that the link leads to later', async () => {
  const [etc, run] = [makeFolder(), makeFolder()];
  const path = join(etc, 'link');
  const changed = vi.fn();
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));
  const seen = (): Promise<void> => vi.waitFor(() => expect(changed).toHaveBeenCalled(), 5000);
  const place = (name: string, text: string): void => {
    writeFileSync(join(run, 'new'), text);
    renameSync(join(run, 'new'), join(run, name));
  };
  const lead = (name: string): void => {
    symlinkSync(join(run, name), join(etc, 'new'));
    renameSync(join(etc, 'new'), path);
  };
  place('stub-resolv.conf', 'nameserver 192.0.2.1\n');
  place('resolv.conf', 'nameserver 192.0.2.2\n');
  lead('stub-resolv.conf');
  const stop = watchServers(path, changed);
  await settled();
  place('stub-resolv.conf', 'nameserver 192.0.2.3\n');
  await seen();
  expect(await readServers(path)).toEqual(['192.0.2.3']);
  lead('resolv.conf');
  await settled();
  changed.mockClear();
  place('resolv.conf', 'nameserver 192.0.2.4\n');
  await seen();
  expect(await readServers(path)).toEqual(['192.0.2.4']);
  stop();
});
