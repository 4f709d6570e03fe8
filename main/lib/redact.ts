// What must never reach a log or a report: credentials in addresses, tokens, keys, codes. One redactor for all of them; knows nothing of who writes.
// It would rather take a harmless word out than leave a secret in. Every pattern is linear in the text: logs have lines of megabytes.

const OUT = '[redacted]';

/** Parts of names whose value is a secret: of environment variables, of JSON keys, of flags. */
const WORD =
  'pass(?:word|wd|phrase|code)|_pwd\\b|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|client[-_]?key|account[-_]?key|(?:en|de)cryption[-_]?key|signing[-_]?key|connection[-_]?string|one[-_]?time[-_]?code|\\botp\\b|[-_]auth\\b|\\bauth\\b|\\bpass\\b|_pass\\b|\\bsession[-_]?id\\b|\\bcookie\\b';
const NAME = `(?:${WORD})[\\w.-]{0,40}`;
/** A quote as it stands in JSON, and in JSON that is a string of another JSON. */
const QUOTE = `\\\\*["']`;
/** From the opening quote to the same one, or to the end of a line that was cut. */
const QUOTED = `(?:(${QUOTE})(?:.*?(?<!\\\\)\\2|.*))`;
const HEADER = '(?:proxy-)?authorization|x-registry-(?:auth|config)|(?:set-)?cookie|x-amz-security-token';

type Rule = readonly [RegExp, string];

const rules: readonly Rule[] = [
  // Keys: whole, and cut off at the end.
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/g, '[private key]'],
  // Addresses: a user and a password may hold nearly anything before the last @ of the authority.
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s"'<>\\]*@/gi, `$1${OUT}@`],
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s:@"'<>\\]{1,200}:(?!\d{1,5}\/)[^\s"'<>@\\]{1,500}@/gi, `$1${OUT}@`],
  [/(%3a%2f%2f)[^\s"'&/]{1,500}?%40/gi, `$1${OUT}%40`],
  [/(_?proxy\\*["']?\s*[:=]\s*\\*["']?)[^\s"'/@\\]{1,200}@/gi, `$1${OUT}@`],
  [/(^|[\s"'=,])[^\s:/@"'=,\\]{1,100}:[^\s/@"'\\]{1,200}@(?=[\w.[\]:-]+:\d{1,5}\b)/gm, `$1${OUT}@`],
  // Parameters of addresses that let one in: one-time codes, signatures.
  [/([?&#](?:code|sig|signature|x-amz-signature|x-amz-credential|st|ticket|jwt)=)[^\s"'&#\\]+/gi, `$1${OUT}`],
  // Headers, up to the end of the value: quoted, in Go's brackets, or to the end of the line.
  [new RegExp(`((?:${HEADER})${QUOTE}\\s*[:=]\\s*\\[?\\s*)${QUOTED}`, 'gi'), `$1$2${OUT}$2`],
  [new RegExp(`((?:${HEADER})\\s*[:=]\\s*\\[)[^\\]\\r\\n]*`, 'gi'), `$1${OUT}`],
  [new RegExp(`((?:${HEADER})\\s*[:=]\\s*)(?!\\\\*["'[])(?:=\\\\*"[^"\\r\\n\\\\]*\\\\*"|[^\\r\\n"'\\\\])+`, 'gi'), `$1${OUT}`],
  [/\b([Bb]earer|[Bb]asic|BEARER|BASIC)(\s+)(?=[A-Za-z0-9._~+/-]*[0-9A-Z=])[A-Za-z0-9._~+/-]{8,}=*/g, `$1$2${OUT}`],
  // Names that say what their value is: quoted values whole, others up to the next space or quote.
  [new RegExp(`(${NAME}(?:${QUOTE})?\\s*(?:[:=]|=>)\\s*)${QUOTED}`, 'gi'), `$1$2${OUT}$2`],
  [new RegExp(`(${NAME}(?:${QUOTE})?\\s*(?:[:=]|=>)\\s*)(?!\\\\*["'])(?!\\[redacted)[^\\s"'&\\\\]+`, 'gi'), `$1${OUT}`],
  [new RegExp(`(--[\\w-]{0,40}(?:${WORD})[\\w-]{0,40}\\s+)(?!-)[^\\s"'\\\\]+`, 'gi'), `$1${OUT}`],
  // Tokens that are known by their form.
  [/\b(?:gh[pousr]_|github_pat_|glpat-|dckr_(?:pat|oat)_|npm_|xox[abprs]-|hf_|sk-)[\w-]{16,}/g, OUT],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bSWM(?:TKN|KEY)-1-[\w-]+/g, OUT],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, OUT],
];

export function redact(text: string): string {
  return rules.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), beheadedKey(text));
}

const KEY_LINE = /^(?:.*\s)?[\w+/=]{12,}$|^[\w-]{1,40}: .{0,100}$|^$/;

/** A tail may begin inside of a key: the lines before an END that has no BEGIN. */
function beheadedKey(text: string): string {
  const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.exec(text);
  const begin = text.indexOf('PRIVATE KEY');
  if (end === null || begin < end.index) {
    return text;
  }
  const lines = text.slice(0, end.index).split(/\n|\\n/);
  while (KEY_LINE.test((lines.at(-1) ?? 'x').trim())) {
    lines.pop();
  }
  return `${lines.join('\n')}\n[private key]${text.slice(end.index + end[0].length)}`;
}

const secretName = new RegExp(NAME, 'i');

/** The same for data: what stands under a name that says secret goes whole, whatever its shape. */
export function redactJson(value: unknown): unknown {
  if (typeof value === 'string') {
    return redact(value);
  }
  if (Array.isArray(value)) {
    return value.map(redactJson);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      redact(key),
      secretName.test(key) && typeof inner !== 'boolean' && inner !== null && inner !== '' ? OUT : redactJson(inner),
    ]),
  );
}
