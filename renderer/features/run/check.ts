// Checks the Run form against itself and against what the store knows: one error a field, with a fix where there is one.
// The engine has the last word (its errors come back as codes); this spares the round trip for what can be seen here.
import { isFolder, isPort, readHostPort, usedEnv, usedPorts, usedVolumes } from './form';
import { splitWords } from './words';
import type { ContainerSummary, WireError } from '../../../preload/contract';
import type { PortRow, RunForm } from './form';

export interface FieldError {
  /** `image`, `ports.3.host`: 3 is the row's key. */
  readonly field: string;
  /** Key of locale `run`, under `error`. */
  readonly key: string;
  readonly params: Readonly<Record<string, string | number>>;
  /** What to write instead; shown as a link. */
  readonly fix?: { readonly value: string };
  /** A container that stands in the way. */
  readonly container?: { readonly id: string; readonly name: string };
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const volumePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** [host[:port]/]path[:tag][@digest]; dockerd checks the rest. */
const imagePattern =
  /^(?:[a-zA-Z0-9.-]+(?::\d+)?\/|\[[0-9a-fA-F:]+\](?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const imageIdPattern = /^(?:sha256:)?[0-9a-f]{12,64}$/;

/** Any address meets any other; two given ones meet where they are the same. */
function meet(a: string | undefined, b: string | undefined): boolean {
  const any = (address: string | undefined): boolean =>
    address === undefined || address === '' || address === '0.0.0.0' || address === '::';
  return any(a) || any(b) || a === b;
}

interface Taken {
  readonly port: number;
  readonly protocol: string;
  readonly address: string | undefined;
  readonly by: ContainerSummary;
}

function takenPorts(containers: Iterable<ContainerSummary>): readonly Taken[] {
  const taken: Taken[] = [];
  for (const by of containers) {
    if (by.state !== 'running' && by.state !== 'paused' && by.state !== 'restarting') {
      continue;
    }
    for (const port of by.ports) {
      if (port.hostPort !== undefined) {
        taken.push({ port: port.hostPort, protocol: port.protocol, address: port.hostAddress, by });
      }
    }
  }
  return taken;
}

function checkPorts(form: RunForm, taken: readonly Taken[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  const rows = usedPorts(form);
  const wanted = rows.map((row) => ({ row, host: readHostPort(row.host) }));
  const isFree = (port: number, protocol: string): boolean =>
    !taken.some((other) => other.port === port && other.protocol === protocol) &&
    !wanted.some(({ row, host }) => host?.port === port && row.protocol === protocol);
  const withPort = (row: PortRow, from: number): { readonly value: string } | undefined => {
    for (let port = from + 1; port <= 65535; port += 1) {
      if (isFree(port, row.protocol)) {
        return { value: row.host.replace(/\d*\s*$/, String(port)) };
      }
    }
    return undefined;
  };
  wanted.forEach(({ row, host }, index) => {
    const hostField = `ports.${String(row.key)}.host`;
    const containerPort = row.container.trim();
    if (containerPort === '') {
      const fix = host?.port !== undefined && isPort(host.port) ? { fix: { value: String(host.port) } } : {};
      errors.push({ field: `ports.${String(row.key)}.container`, key: 'containerPortMissing', params: {}, ...fix });
    } else if (!/^\d+$/.test(containerPort) || !isPort(Number(containerPort))) {
      errors.push({ field: `ports.${String(row.key)}.container`, key: 'portRange', params: { value: containerPort } });
    }
    if (host === undefined || (host.port !== undefined && !isPort(host.port))) {
      errors.push({ field: hostField, key: host === undefined ? 'hostPortShape' : 'portRange', params: { value: row.host.trim() } });
      return;
    }
    if (host.port === undefined) {
      return;
    }
    const port = host.port;
    const twin = wanted
      .slice(0, index)
      .some((other) => other.row.protocol === row.protocol && other.host?.port === port && meet(other.host.address, host.address));
    const holder = taken.find((other) => other.port === port && other.protocol === row.protocol && meet(other.address, host.address));
    if (!twin && !holder) {
      return;
    }
    const fix = withPort(row, port);
    errors.push({
      field: hostField,
      key: twin ? 'portTwice' : 'portTaken',
      params: { port, name: holder?.by.name ?? '' },
      ...(fix ? { fix } : {}),
      ...(holder && !twin ? { container: { id: holder.by.id, name: holder.by.name } } : {}),
    });
  });
  return errors;
}

function checkVolumes(form: RunForm): readonly FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const row of usedVolumes(form)) {
    const volume = row.volume.trim();
    const path = row.path.trim();
    const field = `volumes.${String(row.key)}`;
    if (volume === '') {
      errors.push({ field: `${field}.volume`, key: 'volumeMissing', params: {} });
    } else if (isFolder(volume)) {
      // Whether it is shared the backend says, with the way to share it.
    } else if (/[\\/~:]/.test(volume) || volume.startsWith('.')) {
      errors.push({ field: `${field}.volume`, key: 'hostPath', params: { value: volume } });
    } else if (!volumePattern.test(volume)) {
      errors.push({ field: `${field}.volume`, key: 'volumeName', params: { value: volume } });
    }
    if (!path.startsWith('/')) {
      errors.push({ field: `${field}.path`, key: 'pathAbsolute', params: {}, ...(path === '' ? {} : { fix: { value: `/${path}` } }) });
    } else if (path === '/') {
      errors.push({ field: `${field}.path`, key: 'pathRoot', params: {} });
    } else if (paths.has(path)) {
      errors.push({ field: `${field}.path`, key: 'pathTwice', params: { path } });
    }
    paths.add(path);
  }
  return errors;
}

function checkEnv(form: RunForm): readonly FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const row of usedEnv(form)) {
    const name = row.name.trim();
    const field = `env.${String(row.key)}.name`;
    if (name === '') {
      errors.push({ field, key: 'envNameMissing', params: {} });
    } else if (name.includes('=')) {
      errors.push({ field, key: 'envName', params: { name } });
    } else if (names.has(name)) {
      errors.push({ field, key: 'envTwice', params: { name } });
    }
    names.add(name);
  }
  return errors;
}

function freeName(name: string, names: ReadonlySet<string>): string {
  for (let number = 2; ; number += 1) {
    const candidate = `${name}-${String(number)}`;
    if (!names.has(candidate)) {
      return candidate;
    }
  }
}

export function checkForm(form: RunForm, containers: readonly ContainerSummary[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  const image = form.image.trim();
  if (image === '') {
    errors.push({ field: 'image', key: 'imageMissing', params: {} });
  } else if (!imagePattern.test(image) && !imageIdPattern.test(image)) {
    const lower = image.toLowerCase();
    errors.push({
      field: 'image',
      key: 'imageShape',
      params: { value: image },
      ...(imagePattern.test(lower) ? { fix: { value: lower } } : {}),
    });
  }
  const name = form.name.trim();
  const holder = containers.find((container) => container.name === name);
  if (name !== '' && !namePattern.test(name)) {
    errors.push({ field: 'name', key: 'nameShape', params: { value: name } });
  } else if (holder) {
    const names = new Set(containers.map((container) => container.name));
    errors.push({
      field: 'name',
      key: 'nameTaken',
      params: { name },
      fix: { value: freeName(name, names) },
      container: { id: holder.id, name },
    });
  }
  if (splitWords(form.command).unclosed) {
    errors.push({ field: 'command', key: 'unclosedQuote', params: { quote: splitWords(form.command).unclosed ?? '' } });
  }
  if (splitWords(form.entrypoint).unclosed) {
    errors.push({ field: 'entrypoint', key: 'unclosedQuote', params: { quote: splitWords(form.entrypoint).unclosed ?? '' } });
  }
  errors.push(...checkPorts(form, takenPorts(containers)), ...checkVolumes(form), ...checkEnv(form));
  if (form.autoRemove && form.restart !== 'no') {
    errors.push({ field: 'restart', key: 'restartWithAutoRemove', params: {}, fix: { value: 'no' } });
  }
  return errors;
}

/** The port that the backend proposes where another program has the one of a row: the row's field and its new value. */
export function proposedPort(form: RunForm, { code, params }: WireError): { readonly field: string; readonly value: string } | undefined {
  const suggested = Number(params['suggested'] ?? 0);
  const row = form.ports.find(
    ({ host, protocol }) => protocol === params['protocol'] && /(\d+)\s*$/.exec(host)?.[1] === String(params['port']),
  );
  return code !== 'engine.portTaken' || suggested === 0 || row === undefined
    ? undefined
    : { field: `ports.${String(row.key)}.host`, value: row.host.replace(/\d+\s*$/, String(suggested)) };
}
