// Where the bodies of Docker's API name a folder of this computer, whoever sends them: creates of containers, volumes and services.
// Knows the shapes only; what a path means to the guest is the judge's to say (main/shares).
import type { BerthError } from '../../preload/contract';
import { arraysAt, objectsAt, valuesAt } from './any-case';
import { isObject } from './json';

/** What a bind mount's source is to the guest. `source` is what the guest mounts: the socket's and a symlink's real place differ from what was asked for. */
export type BindVerdict = { readonly source: string } | { readonly error: BerthError };

/** Of an absolute path of this computer. */
export type JudgeBind = (path: string) => Promise<BindVerdict>;

interface BindPlace {
  readonly source: string;
  lead(to: string): void;
}

/** Writes into `body` what the guest is to mount; resolves to whether that differs from what stood there. Throws the first refusal. */
export async function leadBinds(body: unknown, judge: JudgeBind): Promise<boolean> {
  const places = bindPlaces(body);
  const verdicts = await Promise.all(places.map(({ source }) => judge(source)));
  let changed = false;
  verdicts.forEach((verdict, index) => {
    if ('error' in verdict) {
      throw verdict.error;
    }
    const place = places[index];
    if (place !== undefined && verdict.source !== place.source) {
      place.lead(verdict.source);
      changed = true;
    }
  });
  return changed;
}

/** The sources of a container's binds as its inspect tells them. */
export function boundSources(inspected: unknown): string[] {
  return bindPlaces(inspected).map(({ source }) => source);
}

/** The folder that a volume binds, as its inspect tells it; undefined = it is none of that kind. */
export function volumeSource(inspected: unknown): string | undefined {
  return volumePlaces(inspected, 'driver', 'options')[0]?.source;
}

/** Options of a volume driver are a map, whose keys are as they are. */
function bindPlaces(body: unknown): BindPlace[] {
  const places: BindPlace[] = [];
  const hosts = objectsAt(body, 'hostconfig');
  const specs = objectsAt(body, 'tasktemplate').flatMap((task) => objectsAt(task, 'containerspec'));
  for (const binds of hosts.flatMap((host) => arraysAt(host, 'binds'))) {
    binds.forEach((bind, index) => {
      const [source, rest] = typeof bind === 'string' ? splitBind(bind) : ['', ''];
      if (rest !== '') {
        places.push({ source, lead: (to) => (binds[index] = to + rest) });
      }
    });
  }
  const mounts = [...hosts, ...specs].flatMap((owner) => arraysAt(owner, 'mounts')).flat();
  for (const mount of mounts.filter(isObject)) {
    const key = Object.keys(mount).find((name) => name.toLowerCase() === 'source');
    const source = key === undefined ? undefined : mount[key];
    if (key !== undefined && typeof source === 'string' && valuesAt(mount, 'type').includes('bind')) {
      places.push({ source, lead: (to) => (mount[key] = to) });
    }
    const drivers = objectsAt(mount, 'volumeoptions').flatMap((options) => objectsAt(options, 'driverconfig'));
    places.push(...drivers.flatMap((driver) => volumePlaces(driver, 'name', 'options')));
  }
  places.push(...volumePlaces(body, 'driver', 'driveropts'));
  return places.filter(({ source }) => isHostPath(source));
}

/** `--opt type=none --opt o=bind --opt device=/path` of the local driver is a bind mount by another name. */
function volumePlaces(owner: unknown, driverKey: string, optionsKey: string): BindPlace[] {
  const drivers = valuesAt(owner, driverKey);
  if (!drivers.every((driver) => driver === '' || driver === 'local' || driver === null)) {
    return [];
  }
  return objectsAt(owner, optionsKey).flatMap((options) => {
    const { device, o } = options;
    const binds = typeof o === 'string' && o.split(',').some((option) => /^r?bind$/.test(option.trim()));
    return binds && typeof device === 'string' ? [{ source: device, lead: (to: string) => (options['device'] = to) }] : [];
  });
}

/** Relative ones and `~` are left to dockerd, which refuses them in its own words. */
function isHostPath(source: string): boolean {
  return source.startsWith('/') || isWindowsPath(source);
}

export function isWindowsPath(path: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\');
}

/** `source:target[:options]` -> source and the rest with its colon; a rest of '' = an anonymous volume. */
function splitBind(bind: string): [string, string] {
  const colon = bind.indexOf(':', /^[A-Za-z]:[\\/]/.test(bind) ? 2 : 0);
  return colon < 0 ? [bind, ''] : [bind.slice(0, colon), bind.slice(colon)];
}
