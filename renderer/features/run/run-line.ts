// The `docker run` line that does what the form would do, in pieces so that the window can colour flags and hide secrets.
import { isFolder, readHostPort, usedEnv, usedPorts, usedVolumes } from './form';
import { quoteWord } from '../../ui/quote-word';
import { splitWords } from './words';
import type { PortRow, RunForm } from './form';

export interface LinePart {
  /** `--name`, or empty for the image and the command. */
  readonly flag: string;
  readonly value: string;
  /** The field it comes from, as in check.ts. */
  readonly field: string;
  readonly secret?: boolean;
}

const secretName = /pass(word|wd|phrase)?|secret|token|credential|api_?key|private_?key/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

function portText(row: PortRow): string {
  const host = readHostPort(row.host);
  const address = host?.address?.includes(':') ? `[${host.address}]` : host?.address;
  const left = host === undefined ? row.host.trim() : [address, host.port].filter((part) => part !== undefined).join(':');
  const container = row.container.trim() + (row.protocol === 'udp' ? '/udp' : '');
  return left === '' ? container : `${left}${address !== undefined && host?.port === undefined ? ':' : ''}:${container}`;
}

/** `-v` ends each part at a colon. */
function mountWords(source: string, path: string, readOnly: boolean): [flag: string, value: string] {
  return `${source}${path}`.includes(':')
    ? ['--mount', `type=${isFolder(source) ? 'bind' : 'volume'},source=${source},target=${path}${readOnly ? ',readonly' : ''}`]
    : ['-v', `${source}:${path}${readOnly ? ':ro' : ''}`];
}

export function runLine(form: RunForm): readonly LinePart[] {
  const parts: LinePart[] = [];
  const add = (flag: string, value: string, field: string, secret = false): void => {
    parts.push({ flag, value, field, ...(secret ? { secret } : {}) });
  };
  if (!(form.tty && form.interactive)) {
    add('-d', '', 'start');
  }
  if (form.interactive) {
    add('-i', '', 'interactive');
  }
  if (form.tty) {
    add('-t', '', 'tty');
  }
  if (form.autoRemove) {
    add('--rm', '', 'autoRemove');
  }
  if (form.name.trim() !== '') {
    add('--name', quoteWord(form.name.trim()), 'name');
  }
  for (const row of usedPorts(form)) {
    add('-p', quoteWord(portText(row)), `ports.${String(row.key)}`);
  }
  for (const row of usedVolumes(form)) {
    const [flag, value] = mountWords(row.volume.trim(), row.path.trim(), row.readOnly);
    add(flag, quoteWord(value), `volumes.${String(row.key)}`);
  }
  for (const row of usedEnv(form)) {
    add('-e', quoteWord(`${row.name.trim()}=${row.value}`), `env.${String(row.key)}`, row.value !== '' && isSecretName(row.name));
  }
  if (form.restart !== 'no') {
    add('--restart', form.restart, 'restart');
  }
  const entrypoint = splitWords(form.entrypoint).words;
  if (entrypoint[0] !== undefined) {
    add('--entrypoint', quoteWord(entrypoint[0]), 'entrypoint');
  }
  add('', form.image.trim() === '' ? '…' : quoteWord(form.image.trim()), 'image');
  const command = [...entrypoint.slice(1), ...splitWords(form.command).words];
  if (command.length > 0) {
    add('', command.map(quoteWord).join(' '), 'command');
  }
  return parts;
}

export const runVerb = 'docker run';

/** One line, to copy: nothing hidden. */
export function runText(form: RunForm): string {
  const words = runLine(form).map((part) => [part.flag, part.value].filter((word) => word !== '').join(' '));
  return [runVerb, ...words].join(' ');
}
