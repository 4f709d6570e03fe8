// curl in the guest: its configuration written so that no address can become an option, and its answers as records. Knows HTTP and no registry.
// Everything that comes back is hostile: sizes, times, redirects and protocols are bounded here.
import type { ExecOptions, ExecResult } from '../ssh/connection';
import { TEST_PORTS } from './cut-off';

export interface CurlRequest {
  readonly url: string;
  readonly method?: 'HEAD';
  readonly headers?: readonly string[];
  /** The body is returned; otherwise it is counted and thrown away. */
  readonly keepBody?: boolean;
  readonly maxBytes: number;
  readonly range?: string;
  /** Reads the certificates that are shown without believing them. */
  readonly insecure?: boolean;
}

export interface CurlAnswer {
  /** curl's exit code for this request; 0 = an answer came, whatever its status. */
  readonly exit: number;
  readonly words: string;
  /** 0 where none came. */
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
  readonly bytes: number;
  /** Milliseconds since the request's begin; 0 = not reached. */
  readonly times: { readonly dns: number; readonly tcp: number; readonly tls: number; readonly sent: number; readonly total: number };
  /** TCP stands; curl does not say since when where TLS came to nothing. */
  readonly connected: boolean;
  /** Empty where a proxy stands between. */
  readonly remoteAddress: string;
  /** PEM of the chain that was shown, the server's own first. */
  readonly chain: readonly string[];
}

/** What is the same for all requests to a mirror. */
export interface CurlSettings {
  readonly connectSeconds: number;
  /** Ends a request that gives next to nothing for so long; after a good begin curl needs 5 s more to see it. */
  readonly idleSeconds: number;
  readonly requestSeconds: number;
  readonly proxy: string | undefined;
  readonly noProxy: string;
  /** Folder of certs.d with authorities of the registry's own. */
  readonly authorities?: string;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
}

export interface Curl {
  /** In one process and, where host and port are the same, over one connection; after a request that failed, the rest is not done. */
  run(
    requests: readonly CurlRequest[],
    settings: CurlSettings,
    signal: AbortSignal,
    onAnswer?: (answer: CurlAnswer, index: number) => void,
  ): Promise<readonly CurlAnswer[]>;
}

type Exec = (command: string | readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** Neither byte occurs inside of JSON. */
const RECORD = '\x1e';
const FIELD = '\x1f';
/** curl's own limit for one answer's headers is 300 KB. */
const MAX_BODY = 4 * 1024 * 1024;
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

export function createCurl(exec: Exec): Curl {
  return {
    async run(requests, settings, signal, onAnswer) {
      let pending = '';
      let heard = 0;
      const decoder = new TextDecoder();
      const { stdout, stderr } = await exec(command(settings), {
        stdin: requests.map((request) => configOf(request, settings)).join('\nnext\n'),
        signal,
        onStderr(chunk) {
          pending += decoder.decode(chunk, { stream: true });
          // A record at a time: what follows the last separator is not whole yet.
          const whole = recordsOf(pending);
          for (; heard < whole.length; heard += 1) {
            onAnswer?.(answerOf(whole[heard] ?? '', ''), heard);
          }
        },
      });
      const bodies = Buffer.from(stdout);
      let at = 0;
      const answers = recordsOf(stderr).map((record, index) => {
        const answer = answerOf(record, '');
        const length = requests[index]?.keepBody === true ? answer.bytes : 0;
        at += length;
        return { ...answer, body: bodies.subarray(at - length, at).toString('utf8') };
      });
      if (answers.length === 0) {
        throw new Error(`curl did not run: ${stderr.slice(0, 500)}`);
      }
      return answers;
    },
  };
}

function command({ authorities }: CurlSettings): string {
  // The body of a redirect or an answer without a length may be endless.
  const curl = `curl -q --fail-early -K - | head -c ${MAX_BODY}`;
  if (authorities === undefined) {
    return curl;
  }
  // As dockerd does: the registry's authorities besides the system's.
  return [
    'ca=$(mktemp)',
    `trap 'rm -f "$ca"' EXIT`,
    'trap "exit 129" HUP',
    `cat ${BUNDLE} '${authorities.replaceAll("'", `'\\''`)}'/*.crt > "$ca"`,
    `export CURL_CA_BUNDLE="$ca"; ${curl}`,
  ].join('\n');
}

function configOf(request: CurlRequest, settings: CurlSettings): string {
  const { proxy, clientCertificate } = settings;
  const options: (readonly [string, string] | string)[] = [
    ['url', request.url],
    'silent',
    'location',
    ['local-port', `${TEST_PORTS.first}-${TEST_PORTS.last}`],
    ['max-redirs', '5'],
    ['proto', '=http,https'],
    ['proto-redir', '=http,https'],
    ['connect-timeout', String(settings.connectSeconds)],
    ['speed-time', String(settings.idleSeconds)],
    ['speed-limit', '1000'],
    ['max-time', settings.requestSeconds.toFixed(1)],
    ['max-filesize', String(request.maxBytes)],
    // Some mirrors answer engines only.
    ['user-agent', 'docker/28 (berth; mirror test)'],
    ['output', request.keepBody === true ? '-' : '/dev/null'],
    ['write-out', `%{stderr}${RECORD}%{json}${FIELD}%{header_json}${RECORD}`],
    ...(request.headers ?? []).map((header) => ['header', header] as const),
    ...(request.method === 'HEAD' ? ['head'] : []),
    ...(request.range === undefined ? [] : [['range', request.range] as const]),
    ...(request.insecure === true ? ['insecure'] : []),
    ...(proxy === undefined ? [] : [['proxy', proxy] as const, ['noproxy', settings.noProxy] as const]),
    ...(clientCertificate === undefined ? [] : [['cert', clientCertificate.certificate] as const, ['key', clientCertificate.key] as const]),
  ];
  return options.map((option) => (typeof option === 'string' ? option : `${option[0]} = ${quoted(option[1])}`)).join('\n');
}

/** A word of curl's configuration: a line break would begin another option. */
function quoted(value: string): string {
  if (/[\0\r\n]/.test(value)) {
    throw new Error('a line break in a word for curl');
  }
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function recordsOf(text: string): string[] {
  // "" record "" record "": every second part lies between two separators.
  const parts = text.split(RECORD);
  return parts.filter((_, index) => index % 2 === 1 && index < parts.length - 1);
}

function answerOf(record: string, body: string): CurlAnswer {
  const [main = '', headers = ''] = record.split(FIELD);
  const values = objectOf(main);
  const heads = objectOf(headers);
  const number = (name: string): number => (typeof values[name] === 'number' ? values[name] : 0);
  const text = (name: string): string => (typeof values[name] === 'string' ? values[name] : '');
  const milliseconds = (name: string): number => number(name) * 1000;
  return {
    exit: number('exitcode'),
    words: text('errormsg').slice(0, 500),
    status: number('http_code'),
    header(name) {
      const [first] = Array.isArray(heads[name]) ? (heads[name] as unknown[]) : [];
      return typeof first === 'string' ? first : undefined;
    },
    body,
    bytes: number('size_download'),
    times: {
      dns: milliseconds('time_namelookup'),
      tcp: milliseconds('time_connect'),
      tls: milliseconds('time_appconnect'),
      sent: milliseconds('time_pretransfer'),
      total: milliseconds('time_total'),
    },
    connected: number('time_connect') > 0 || number('num_connects') > 0 || text('remote_ip') !== '',
    remoteAddress: number('http_connect') > 0 || number('proxy_used') > 0 ? '' : text('remote_ip'),
    chain: text('certs').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [],
  };
}

function objectOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
