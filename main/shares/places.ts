// Paths with a meaning of their own: those that name the engine's machine, which is the guest, and those where nothing may be mounted.
// Words only: looks at no file system.
import { posix } from 'node:path';
import { isWithin } from '../lib/within';

/** What cAdvisor, node-exporter, Portainer and tools of the kernel bind to look at the engine's machine: the guest's. */
const guestTrees = [
  '/dev',
  '/etc/localtime',
  '/etc/os-release',
  '/etc/ssl/certs',
  '/etc/timezone',
  '/lib/modules',
  '/proc',
  '/run/containerd',
  '/run/docker',
  '/run/udev',
  '/sys',
  '/usr/lib/modules',
  '/usr/lib/os-release',
  '/var/lib/containerd',
  '/var/lib/docker',
];
/** Not what lies below. `/` cannot be meant otherwise: nobody shares the whole of a computer. */
const guestPlaces = ['/', '/run'];

/** Where the guest's own programs and data are: a folder of this computer would lie over what the engine runs from. */
const reservedTrees = [
  ...['/bin', '/boot', '/data', '/dev', '/etc', '/image', '/layer', '/lib', '/lib32', '/lib64', '/proc', '/run', '/sbin', '/sys', '/usr'],
  ...['/var/lib/containerd', '/var/lib/docker'],
];
/** Not what lies below. */
const reservedPlaces = ['/', '/home', '/tmp', '/var', '/var/lib'];
/** Free although in one of the trees: disks that a desktop mounts, and what people install by hand. */
const freeTrees = ['/run/media', '/usr/local', '/usr/src'];

/** Whether a bind of it means the guest's. Of a path as `clean` gives it. */
export function isGuestsOwn(path: string): boolean {
  const place = withoutAlias(path);
  return guestPlaces.includes(place) || trees(guestTrees, place);
}

/** Whether nothing of this computer may be mounted there. */
export function isReserved(path: string): boolean {
  const place = withoutAlias(path);
  return (
    reservedPlaces.includes(place) || (trees(reservedTrees, place) && !freeTrees.some((tree) => place !== tree && isWithin(tree, place)))
  );
}

/** Without `.`, `..`, double and trailing slashes: as dockerd takes it, by the letters alone. */
export function clean(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

function trees(list: readonly string[], place: string): boolean {
  return list.some((tree) => isWithin(tree, place));
}

function withoutAlias(path: string): string {
  return isWithin('/var/run', path) ? path.slice('/var'.length) : path;
}
