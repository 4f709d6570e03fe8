// sshfs in the guest: its command line, and what the guest's table of mounts says of it. Text only; sshfs.ts runs it.
import { isWithin } from '../../lib/within';

/** In a folder of root's in the guest, so that no container reaches it, whatever network it has. */
export function socketPath(tag: string): string {
  return `/run/berth/sftp-${tag}.sock`;
}

const SOURCE = 'berth-';
/** Where a share begins for sshfs: the server has no other folder. */
const REMOTE = 'berth:/';

export function sshfsCommand({
  tag,
  folder,
  readOnly,
}: {
  readonly tag: string;
  readonly folder: string;
  readonly readOnly: boolean;
}): readonly string[] {
  const options = [
    // Instead of ssh: a way to the socket, tried anew by each request after a loss.
    `ssh_command=/proc/1/exe sftp ${socketPath(tag)}`,
    'reconnect',
    `fsname=${SOURCE}${tag}`,
    'allow_other',
    'idmap=none',
    // What the guest's kernel finds in a link is the guest's, as on plain Linux; Debian's sshfs would refuse `../` and absolute ones.
    'no_contain_symlinks',
    // With the kernel's own second, a change that no event announced is seen within two.
    'dcache_timeout=1',
    'max_read=65536',
    'max_write=65536',
    'suid',
    ...(readOnly ? ['ro'] : []),
  ];
  return ['sshfs', REMOTE, folder, '-o', options.join(',')];
}

export interface Mounted {
  readonly tag: string;
  readonly folder: string;
  readonly readOnly: boolean;
}

interface Line {
  readonly id: string;
  readonly parent: string;
  readonly point: string;
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
}

function parse(mountinfo: string): readonly Line[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [id, parent, , , point, options] = before.split(' ');
    const [type, source] = after.split(' ');
    return id === undefined ||
      parent === undefined ||
      point === undefined ||
      options === undefined ||
      type === undefined ||
      source === undefined
      ? []
      : [{ id, parent, point: unescape(point), options: options.split(','), type, source }];
  });
}

function unescape(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return bytes === text ? text : Buffer.from(bytes, 'latin1').toString('utf8');
}

function mountedOf({ type, source, point, options }: Line): Mounted | undefined {
  return type === 'fuse.sshfs' && source.startsWith(SOURCE)
    ? { tag: source.slice(SOURCE.length), folder: point, readOnly: options.includes('ro') }
    : undefined;
}

/** Shares by SFTP that the guest has, the one that is seen at each place. */
export function mountedShares(mountinfo: string): readonly Mounted[] {
  const byPlace = new Map(
    parse(mountinfo).flatMap((line) => (mountedOf(line) === undefined ? [] : [[line.point, mountedOf(line)] as const])),
  );
  return [...byPlace.values()].filter((each) => each !== undefined);
}

/** The share that a look at this very path finds, if it is one: a mount above it that came later hides it. */
export function seenAt(mountinfo: string, path: string): Mounted | undefined {
  const lines = parse(mountinfo);
  const ids = new Set(lines.map(({ id }) => id));
  let here = lines.find(({ parent }) => !ids.has(parent));
  for (;;) {
    const current = here;
    const next = lines
      .filter(({ parent, point, id }) => parent === current?.id && id !== current.id && isWithin(point, path))
      .sort((a, b) => a.point.length - b.point.length)[0];
    if (next === undefined) {
      return here?.point === path ? mountedOf(here) : undefined;
    }
    here = next;
  }
}
