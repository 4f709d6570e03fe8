// A pasted `docker run` line -> the form, and a list of what the form has no field for: nothing is dropped in silence.
// Knows Docker's flags only as far as needed to tell a flag's value from the image.
import { emptyForm, isFolder, isPort, nextKey, restartPolicies } from './form';
import { quoteWord } from '../../ui/quote-word';
import { joinWords, splitWords } from './words';
import type { RestartPolicy, RunForm } from './form';

export interface ParsedLine {
  readonly form: RunForm;
  /** As written, e.g. `--network shop_default`. */
  readonly unknown: readonly string[];
  /** Arguments that went into a field. */
  readonly known: number;
  readonly problem?: 'notRun' | 'noImage' | 'unclosedQuote';
}

const switches = new Set(
  '--detach --interactive --tty --rm --init --privileged --read-only --oom-kill-disable --no-healthcheck --sig-proxy --publish-all --quiet --disable-content-trust --use-api-socket --help'.split(
    ' ',
  ),
);
const shortNames: Readonly<Record<string, string>> = {
  d: '--detach',
  i: '--interactive',
  t: '--tty',
  P: '--publish-all',
  q: '--quiet',
  p: '--publish',
  e: '--env',
  v: '--volume',
  a: '--attach',
  c: '--cpu-shares',
  h: '--hostname',
  l: '--label',
  m: '--memory',
  u: '--user',
  w: '--workdir',
};
const expandLimit = 100;

interface Draft {
  form: RunForm;
  unknown: string[];
  known: number;
}

function addPorts(draft: Draft, value: string): boolean {
  const match =
    /^(?:(?<address>\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):)?(?:(?<host>\d*(?:-\d+)?):)?(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>tcp|udp))?$/.exec(
      value,
    );
  const groups = match?.groups;
  if (!groups) {
    return false;
  }
  const protocol = groups.protocol === 'udp' ? 'udp' : 'tcp';
  const [first = NaN, last = first] = (groups.container ?? '').split('-').map(Number);
  const hosts = (groups.host ?? '')
    .split('-')
    .filter((text) => text !== '')
    .map(Number);
  const width = last - first;
  const hostWidth = hosts.length === 0 ? width : (hosts[1] ?? hosts[0] ?? 0) - (hosts[0] ?? 0);
  if (!isPort(first) || !isPort(last) || width < 0 || width !== hostWidth || width >= expandLimit) {
    return false;
  }
  const rows = [...draft.form.ports];
  for (let step = 0; step <= width; step += 1) {
    const host = hosts[0] === undefined ? '' : String(hosts[0] + step);
    const address = groups.address ? `${groups.address}:` : '';
    rows.push({ key: nextKey(rows), host: `${address}${host}`, container: String(first + step), protocol });
  }
  draft.form = { ...draft.form, ports: rows };
  return true;
}

function addVolume(draft: Draft, volume: string, path: string, readOnly: boolean): boolean {
  if (!(isFolder(volume) || /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(volume)) || !path.startsWith('/')) {
    return false;
  }
  const rows = draft.form.volumes;
  draft.form = { ...draft.form, volumes: [...rows, { key: nextKey(rows), volume, path, readOnly }] };
  return true;
}

function addMount(draft: Draft, value: string): boolean {
  const fields = new Map(value.split(',').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)] as const));
  const allowed = new Set(['type', 'source', 'src', 'target', 'destination', 'dst', 'readonly', 'ro']);
  const type = fields.get('type') ?? 'volume';
  const source = fields.get('source') ?? fields.get('src') ?? '';
  if (type !== (isFolder(source) ? 'bind' : 'volume') || [...fields.keys()].some((key) => !allowed.has(key))) {
    return false;
  }
  const flag = fields.get('readonly') ?? fields.get('ro');
  const path = fields.get('target') ?? fields.get('destination') ?? fields.get('dst') ?? '';
  return addVolume(draft, source, path, flag !== undefined && flag !== 'false' && flag !== '0');
}

function addEnv(draft: Draft, value: string): boolean {
  const at = value.indexOf('=');
  if (at < 1) {
    return false;
  }
  const rows = draft.form.env;
  draft.form = { ...draft.form, env: [...rows, { key: nextKey(rows), name: value.slice(0, at), value: value.slice(at + 1) }] };
  return true;
}

function take(draft: Draft, flag: string, value: string): boolean {
  switch (flag) {
    case '--name':
      draft.form = { ...draft.form, name: value };
      return true;
    case '--entrypoint':
      draft.form = { ...draft.form, entrypoint: quoteWord(value) };
      return value !== '';
    case '--publish':
      return addPorts(draft, value);
    case '--env':
      return addEnv(draft, value);
    case '--volume': {
      const [volume = '', path = '', mode, more] = value.split(':');
      return more === undefined && (mode === undefined || mode === 'ro' || mode === 'rw') && addVolume(draft, volume, path, mode === 'ro');
    }
    case '--mount':
      return addMount(draft, value);
    case '--restart': {
      const policy = value as RestartPolicy;
      if (restartPolicies.includes(policy)) {
        draft.form = { ...draft.form, restart: policy };
      }
      return restartPolicies.includes(policy);
    }
    default:
      return false;
  }
}

function takeSwitch(draft: Draft, flag: string, on: boolean): boolean {
  if (flag === '--detach') {
    return true;
  }
  if (flag === '--interactive') {
    draft.form = { ...draft.form, interactive: on };
  } else if (flag === '--tty') {
    draft.form = { ...draft.form, tty: on };
  } else if (flag === '--rm') {
    draft.form = { ...draft.form, autoRemove: on };
  } else {
    return false;
  }
  return true;
}

/** `-itp 80:80` -> one pair a flag; a value may stand in the same word or in the next. */
function shortFlags(
  word: string,
  following: string | undefined,
): { readonly flags: readonly (readonly [string, string | undefined])[]; readonly tookNext: boolean } {
  const flags: (readonly [string, string | undefined])[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const name = shortNames[word.charAt(at)] ?? `-${word.charAt(at)}`;
    if (switches.has(name)) {
      flags.push([name, undefined]);
      continue;
    }
    const rest = word.slice(at + 1).replace(/^=/, '');
    flags.push([name, rest === '' ? (following ?? '') : rest]);
    return { flags, tookNext: rest === '' };
  }
  return { flags, tookNext: false };
}

export function parseRunLine(text: string): ParsedLine {
  const draft: Draft = { form: emptyForm, unknown: [], known: 0 };
  const { words, unclosed } = splitWords(text.trim().replace(/^[$#>]\s+/, ''));
  const none = { form: emptyForm, unknown: [], known: 0 };
  if (unclosed) {
    return { ...none, problem: 'unclosedQuote' };
  }
  let at = words[0] === 'sudo' ? 1 : 0;
  const program = words[at]
    ?.split(/[\\/]/)
    .at(-1)
    ?.replace(/\.exe$/, '');
  if (program !== 'docker' && program !== 'podman' && program !== 'nerdctl') {
    return { ...none, problem: 'notRun' };
  }
  at += 1;
  if (words[at] === 'container') {
    at += 1;
  }
  if (words[at] !== 'run' && words[at] !== 'create') {
    return { ...none, problem: 'notRun' };
  }
  at += 1;

  const settle = (ok: boolean, shown: string): void => {
    if (ok) {
      draft.known += 1;
    } else {
      draft.unknown.push(shown);
    }
  };
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') {
      at += 1;
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      break;
    }
    if (!word.startsWith('--')) {
      const { flags, tookNext } = shortFlags(word, words[at + 1]);
      for (const [flag, value] of flags) {
        if (value === undefined) {
          settle(takeSwitch(draft, flag, true), flag);
        } else {
          settle(take(draft, flag, value), `${flag} ${quoteWord(value)}`);
        }
      }
      if (tookNext) {
        at += 1;
      }
      continue;
    }
    const equals = word.indexOf('=');
    const flag = equals < 0 ? word : word.slice(0, equals);
    if (switches.has(flag)) {
      const on = equals < 0 || !/^(false|0|f)$/i.test(word.slice(equals + 1));
      settle(takeSwitch(draft, flag, on), word);
      continue;
    }
    const value = equals < 0 ? (words[at + 1] ?? '') : word.slice(equals + 1);
    if (equals < 0) {
      at += 1;
    }
    settle(take(draft, flag, value), `${flag} ${quoteWord(value)}`);
  }
  const image = words[at];
  if (image === undefined) {
    return { form: draft.form, unknown: draft.unknown, known: draft.known, problem: 'noImage' };
  }
  const form = { ...draft.form, image, command: joinWords(words.slice(at + 1)) };
  return { form, unknown: draft.unknown, known: draft.known + 1 + (form.command === '' ? 0 : 1) };
}
