import { expect, test } from 'vitest';
import { mountedShares, seenAt, sshfsCommand } from './guest-mount';

const lines = (...rest: string[]): string =>
  [
    '20 1 0:18 / / rw,relatime shared:1 - overlay root rw',
    '30 20 0:30 / /run rw shared:2 - tmpfs tmpfs rw',
    '40 20 0:40 / /home/me ro,relatime - tmpfs berth-cover ro',
    ...rest,
    '',
  ].join('\n');

test('a share is seen where nothing lies over it', () => {
  const shared = '50 40 0:50 / /home/me rw,nodev,relatime - fuse.sshfs berth-aa rw,user_id=0';
  expect(seenAt(lines(), '/home/me')).toBeUndefined();
  expect(seenAt(lines(shared), '/home/me')).toEqual({ tag: 'aa', folder: '/home/me', readOnly: false });
  expect(seenAt(lines(shared), '/home/me/sub')).toBeUndefined();
  expect(seenAt(lines(shared, '60 50 0:60 / /home/me ro - tmpfs berth-cover ro'), '/home/me')).toBeUndefined();
  // Mounted below, and then something was mounted over the folder above it.
  const below = '70 50 0:70 / /home/me/a\\040b ro - fuse.sshfs berth-bb ro';
  expect(seenAt(lines(shared, below), '/home/me/a b')).toEqual({ tag: 'bb', folder: '/home/me/a b', readOnly: true });
  expect(seenAt(lines(shared, below, '80 50 0:80 / /home/me rw - fuse.sshfs berth-cc rw'), '/home/me/a b')).toBeUndefined();
});

test('those of an earlier backend are found with what they serve, non-Latin names too', () => {
  const other = '90 20 0:90 / /data/user rw - fuse.sshfs somebody:/ rw';
  const named = '91 20 0:91 / /home/\u9879\u76ee rw - fuse.sshfs berth-dd rw';
  expect(mountedShares(lines(other, named))).toEqual([{ tag: 'dd', folder: '/home/\u9879\u76ee', readOnly: false }]);
});

test('the command is for one share', () => {
  const command = sshfsCommand({ tag: 'ee', folder: '/home/a,b', readOnly: true });
  expect(command.slice(0, 3)).toEqual(['sshfs', 'berth:/', '/home/a,b']);
  expect(command[4]?.split(',')).toEqual(expect.arrayContaining(['reconnect', 'allow_other', 'ro', 'fsname=berth-ee']));
});
