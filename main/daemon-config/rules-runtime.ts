// Rules of storage, builder, runtimes, limits and the rest. What this guest has is said here: overlay2 and vfs, runc, cgroup v2 without systemd.
import { show } from './problems';
import type { Rule, RuleContext } from './rule';
import { guestPath, hasSpace, isDuration, isSize, sizeRule } from './rules-values';

/** The data disk is ext4; of containerd's snapshotters only this one is on. */
const GRAPH_DRIVERS = ['overlay2', 'vfs'];
const SNAPSHOTTERS = ['overlayfs'];

type Fields = Readonly<Record<string, unknown>>;

function snapshotter(at: RuleContext): boolean {
  const features = at.document['features'];
  return typeof features === 'object' && features !== null && (features as Fields)['containerd-snapshotter'] === true;
}

const storageDriver: Rule<string> = (value, at) => {
  const values = snapshotter(at) ? SNAPSHOTTERS : GRAPH_DRIVERS;
  if (value !== '' && !values.includes(value)) {
    at.problems.error('config.storageDriver', at.path, { value: show(value, at.path), values: values.join(', ') }, values[0]);
  }
};

const storageOpts: Rule<readonly string[]> = (value, at) => {
  value.forEach((option, index) => {
    const path = [...at.path, index];
    if (!/^[^=]+=./.test(option)) {
      at.problems.error('config.notAPair', path, { value: show(option, path) });
    } else if (!snapshotter(at)) {
      // overlay2 knows overlay2.size alone and wants XFS for it; vfs's size wants quotas too.
      at.problems.error('config.storageOption', path, { value: show(option, path) });
    }
  });
};

interface Runtime {
  readonly path?: string;
  readonly runtimeType?: string;
  readonly runtimeArgs?: readonly string[];
  readonly options?: Fields;
}

const RUNC = ['', 'runc', '/usr/bin/runc', '/usr/sbin/runc'];

const runtimes: Rule<Readonly<Record<string, Runtime>>> = (value, at) => {
  for (const [name, runtime] of Object.entries(value)) {
    const path = [...at.path, name];
    const [program = '', type = ''] = [runtime.path, runtime.runtimeType];
    if (name === 'runc') {
      at.problems.error('config.reservedRuntime', path, {});
    } else if (program === '' && type === '') {
      at.problems.error('config.missingField', path, { field: 'path' });
    } else if (program !== '' && type !== '') {
      at.problems.error('config.excludes', [...path, 'path'], { other: 'runtimeType' });
    } else if (program !== '' && Object.keys(runtime.options ?? {}).length > 0) {
      at.problems.error('config.excludes', [...path, 'options'], { other: 'path' });
    } else if (type !== '' && (runtime.runtimeArgs ?? []).length > 0) {
      at.problems.error('config.excludes', [...path, 'runtimeArgs'], { other: 'runtimeType' });
    } else {
      guestPath(RUNC)(program, { ...at, path: [...path, 'path'] });
    }
  }
};

const defaultRuntime: Rule<string> = (value, at) => {
  const configured = at.document['runtimes'];
  const names = ['runc', ...(typeof configured === 'object' && configured !== null ? Object.keys(configured) : [])];
  // containerd's own names have a dot (`io.containerd.runc.v2`).
  if (value !== '' && !names.includes(value) && !/^[^./][^/]*\.[^/]+$/.test(value)) {
    at.problems.error('config.unknownRuntime', at.path, { value: show(value, at.path), values: names.join(', ') }, 'runc');
  }
};

const execOpts: Rule<readonly string[]> = (value, at) => {
  value.forEach((option, index) => {
    const path = [...at.path, index];
    const [, name = '', text = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(option) ?? [];
    if (name === '' || text === '') {
      at.problems.error('config.notAPair', path, { value: show(option, path) });
    } else if (name.toLowerCase() !== 'native.cgroupdriver') {
      at.problems.error('config.unknownExecOption', path, { option: show(name, path) });
    } else if (text === 'systemd') {
      at.problems.error('config.noSystemd', path, { value: show(option, path) }, 'native.cgroupdriver=cgroupfs');
    } else if (text !== 'cgroupfs') {
      at.problems.error('config.notOneOf', path, { value: show(text, path), values: 'cgroupfs' }, 'native.cgroupdriver=cgroupfs');
    }
  });
};

const ULIMITS = 'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

interface Ulimit {
  readonly Name?: string;
  readonly Hard?: number;
  readonly Soft?: number;
}

const ulimits: Rule<Readonly<Record<string, Ulimit>>> = (value, at) => {
  for (const [name, limit] of Object.entries(value)) {
    const path = [...at.path, name];
    // dockerd's own reader does not care for case.
    const {
      name: own,
      hard,
      soft,
    } = Object.fromEntries(Object.entries(limit).map(([key, item]) => [key.toLowerCase(), item])) as {
      name?: string;
      hard?: number;
      soft?: number;
    };
    const fix = ULIMITS.includes(name) ? name : undefined;
    if (own === undefined) {
      at.problems.error('config.missingField', path, { field: 'Name' }, fix && { Name: fix, ...limit });
    } else if (!ULIMITS.includes(own)) {
      at.problems.error('config.ulimitName', [...path, 'Name'], { value: show(own, path), values: ULIMITS.join(', ') }, fix);
    }
    const [low, high] = [soft ?? 0, hard ?? 0];
    if (high !== -1 && (low === -1 || low > high)) {
      at.problems.error('config.ulimitOrder', [...path, 'Soft'], { soft: low, hard: high }, high);
    }
  }
};

interface Builder {
  readonly gc?: Fields & { readonly policy?: readonly (Fields & { readonly filter?: readonly string[] })[] };
  readonly history?: { readonly maxAge?: string };
}

const SIZES = /^(?:default)?(?:ReservedSpace|MaxUsedSpace|MinFreeSpace|KeepStorage)$/i;

const builder: Rule<Builder> = (value, at) => {
  const { gc, history } = lowerKeys(value) as Builder;
  const { policy } = lowerKeys(gc ?? {}) as NonNullable<Builder['gc']>;
  const sizes = (fields: Fields, path: RuleContext['path']): void => {
    for (const [name, text] of Object.entries(fields)) {
      if (SIZES.test(name) && typeof text === 'string' && text !== '' && !isSize(text)) {
        at.problems.error('config.badSize', [...path, name], { value: show(text, path), example: '10GB' });
      }
    }
  };
  sizes(gc ?? {}, [...at.path, 'gc']);
  (policy ?? []).forEach((rule, index) => sizes(rule, [...at.path, 'gc', 'policy', index]));
  const age = history?.maxAge;
  if (age !== undefined && age !== '' && !isDuration(age) && !/^-?\d+$/.test(age)) {
    at.problems.error('config.badDuration', [...at.path, 'history', 'maxAge'], { value: show(age, at.path), example: '168h' });
  }
};

function lowerKeys(fields: object): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, item]: [string, unknown]) => [key.charAt(0).toLowerCase() + key.slice(1), item]),
  );
}

const liveRestore: Rule<boolean> = (value, at) => {
  if (value && at.context.swarmActive === true) {
    at.problems.error('config.swarm', at.path, {}, false);
  }
};

/** The guest waits this long for dockerd's end. */
const GUEST_WAITS = 60;

const shutdownTimeout: Rule<number> = (value, at) => {
  if (value < 0 || value > GUEST_WAITS - 5) {
    at.problems.warning('config.shutdownTimeout', at.path, { value: String(value), seconds: GUEST_WAITS }, 50);
  }
};

/** The guest has no other user with ids to give. */
const REMAPS = ['', 'default', 'root'];

const remap: Rule<string> = (value, at) => {
  if (!REMAPS.includes(value)) {
    at.problems.error('config.notOneOf', at.path, { value: show(value, at.path), values: 'default' }, 'default');
  }
};

const realtime: Rule<number> = (value, at) => {
  if (value !== 0) {
    at.problems.error('config.notHere', at.path, { value: String(value) }, 0);
  }
};

const cgroupParent: Rule<string> = (value, at) => {
  hasSpace(value, at);
};

const absolute: Rule<string> = (value, at) => {
  if (value !== '' && !value.startsWith('/')) {
    at.problems.error('config.notAbsolute', at.path, { value: show(value, at.path) });
  } else {
    guestPath(['/usr/sbin/docker-proxy', '/usr/bin/docker-init'])(value, at);
  }
};

const plugins: Rule<readonly string[]> = (value, at) => {
  if (value.some((name) => name.trim() === '')) {
    at.problems.error('config.emptyItem', [...at.path, value.findIndex((name) => name.trim() === '')], {});
  }
};

export const runtimeRules: Readonly<Record<string, Rule<never>>> = {
  'storage-driver': storageDriver,
  'storage-opts': storageOpts,
  runtimes,
  'default-runtime': defaultRuntime,
  'exec-opts': execOpts,
  'default-ulimits': ulimits,
  'default-shm-size': sizeRule,
  builder,
  'live-restore': liveRestore,
  'shutdown-timeout': shutdownTimeout,
  'userns-remap': remap,
  'cpu-rt-period': realtime,
  'cpu-rt-runtime': realtime,
  'cgroup-parent': cgroupParent,
  'userland-proxy-path': absolute,
  'init-path': guestPath(['docker-init', '/usr/bin/docker-init']),
  'seccomp-profile': guestPath(['builtin', 'unconfined']),
  'authorization-plugins': plugins,
};
