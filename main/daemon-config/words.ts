// dockerd's own words about a configuration: the line of its log that says why it did not start or reload, and the key that the line is about.
// Pure. Texts are those of dockerd 28.5.2.
import type { ConfigChange } from '../../preload/contract';
import { redact } from '../lib/redact';

/** No line of dockerd's that means anything is longer. */
const MAX_WORDS = 500;

const PREFIXES = [
  /^failed to start daemon: /,
  /^unable to configure the Docker daemon with file \S+: /,
  /^merged configuration validation from file and command line flags failed: /,
  /^invalid JSON: (?=json: )/,
];

/** The last line that names a failure, without the frame around it; '' where there is none. */
export function errorWords(lines: readonly string[], of: 'start' | 'reload'): string {
  const patterns =
    of === 'start'
      ? [/^failed to start daemon: |unable to configure the Docker daemon|^error initializing /, /level=(?:error|fatal) /]
      : [/level=(?:error|fatal) .*(?:reload|configuration)/i];
  for (const pattern of patterns) {
    const found = lines.findLast((line) => pattern.test(line));
    if (found !== undefined) {
      return cleanWords(found);
    }
  }
  return '';
}

/** What a log says beyond an earlier look at it: an error of an earlier attempt is no news. */
export function linesSince(before: readonly string[], after: readonly string[]): readonly string[] {
  const last = before.slice(-10);
  const at = after.findIndex((_, index) => last.length > 0 && last.every((line, offset) => after[index + offset] === line));
  return at < 0 ? after : after.slice(at + last.length);
}

export function cleanWords(line: string): string {
  let words = messageOf(line.trim());
  for (const prefix of PREFIXES) {
    words = words.replace(prefix, '');
  }
  return redact(words).slice(0, MAX_WORDS);
}

/** `time="…" level=error msg="…" error="…"` -> both texts. */
function messageOf(line: string): string {
  if (!line.startsWith('time=')) {
    return line;
  }
  const quoted = (name: string): string | undefined => {
    const match = new RegExp(`(?:^| )${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(line)?.[1];
    return match?.replace(/\\(.)/g, '$1');
  };
  const parts = [quoted('msg'), quoted('error')].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(': ') : line;
}

/** What dockerd says -> the key; the first that fits. `$1` is the key itself. */
const KEY_OF: readonly (readonly [RegExp, string])[] = [
  [/field Config\.([a-z0-9-]+)/, '$1'],
  [/don't match any configuration option: ([^\s,]+)/, '$1'],
  [/both as a flag and in the configuration file: ([a-z0-9-]+)/, '$1'],
  [/bip6/, 'bip6'],
  [/\bbip\b/, 'bip'],
  [/fixed-cidr-v6/, 'fixed-cidr-v6'],
  [/fixed-cidr/, 'fixed-cidr'],
  [/default gateway/i, 'default-gateway'],
  [/invalid mirror/, 'registry-mirrors'],
  [/insecure registry/, 'insecure-registries'],
  [/log opt/i, 'log-opts'],
  [/invalid logging level/, 'log-level'],
  [/logg(?:ing|er).*driver|no such log driver/i, 'log-driver'],
  [/graphdriver|storage driver|driver not supported|snapshotter/i, 'storage-driver'],
  [/default runtime/, 'default-runtime'],
  [/cgroupdriver|exec-?opt/i, 'exec-opts'],
  [/address pool|target size of that pool|predefined/i, 'default-address-pools'],
  [/buildkit|defaultRESERVEDSPACE|gc polic/i, 'builder'],
  [/default MTU/, 'mtu'],
  [/bad attribute format/, 'labels'],
  [/max concurrent downloads/, 'max-concurrent-downloads'],
  [/max concurrent uploads/, 'max-concurrent-uploads'],
  [/max download attempts/, 'max-download-attempts'],
  [/live-restore/, 'live-restore'],
  [/seccomp/, 'seccomp-profile'],
  [/ulimit/, 'default-ulimits'],
  [/runtime/, 'runtimes'],
  [/proxy/i, 'proxies'],
  [/metrics/i, 'metrics-addr'],
  [/invalid IP address/, 'dns'],
];

/** '' where the words do not tell. A key that was changed is likelier than one that was not. */
export function keyOfWords(words: string, changes: readonly ConfigChange[]): string {
  const changed = changes.map(({ key }) => key);
  const byRule = KEY_OF.flatMap(([pattern, key]) => {
    const match = pattern.exec(words);
    return match === null ? [] : [key === '$1' ? ((match[1] ?? '').split('.')[0] ?? '') : key];
  });
  const named = changes.filter(
    ({ key, after }) => words.includes(key) || texts(after).some((text) => text.length > 2 && words.includes(text)),
  );
  const [only, ...others] = changed;
  return byRule.find((key) => changed.includes(key)) ?? named[0]?.key ?? byRule[0] ?? (others.length === 0 ? only : undefined) ?? '';
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, inner]) => [key, ...texts(inner)]) : [];
}
