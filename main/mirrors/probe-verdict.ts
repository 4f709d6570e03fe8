// What an answer, or none, means: curl's exit codes and HTTP's statuses to one of the contract's verdicts. Pure.
import type { MirrorVerdict } from '../../preload/contract';
import type { CurlAnswer } from './probe-curl';

/** An attempt that ended the test of a mirror. */
export interface Failure {
  readonly verdict: MirrorVerdict;
  readonly words: string;
}

/** Of a request that got no whole answer (curl's exit code is not 0). */
export function failureOf(answer: CurlAnswer): Failure {
  return { verdict: byExit(answer), words: answer.words || `curl: ${answer.exit}` };
}

/** The name was not found, or nobody said so in time. */
export function isNameless({ exit, words }: CurlAnswer): boolean {
  return exit === 5 || exit === 6 || (exit === 28 && /resolving/i.test(words));
}

function byExit(answer: CurlAnswer): MirrorVerdict {
  const { exit, words } = answer;
  if (isNameless(answer)) {
    return 'noSuchHost';
  }
  switch (exit) {
    case 7:
      return 'refused';
    case 28:
      return answer.connected ? 'silent' : 'unreachable';
    case 35:
      return /wrong version number|packet length|http request|unknown protocol/i.test(words)
        ? 'notTls'
        : /reset|SSL_ERROR_SYSCALL|unexpected eof|closed/i.test(words)
          ? 'refused'
          : 'certificate';
    case 47:
      return 'redirectLoop';
    case 51:
    case 53:
    case 54:
    case 58:
    case 60:
    case 66:
    case 77:
    case 83:
    case 90:
    case 91:
      return 'certificate';
    case 52:
    case 55:
    case 56:
      return 'refused';
    case 18:
    case 92:
      return 'serverError';
    case 97:
      return 'unreachable';
    default:
      return 'notARegistry';
  }
}

/** Of an answer's status; undefined = it is a good one. A 401 is the caller's matter first: it may only want a token. */
export function refusalOf(answer: CurlAnswer, whenMissing: 'closed' | 'noImage'): Failure | undefined {
  const { status } = answer;
  const page = isPage(answer);
  const said = (verdict: MirrorVerdict): Failure => ({ verdict, words: `HTTP ${status}${wordsOf(answer)}` });
  if (status >= 200 && status < 300) {
    return page ? said('webPage') : undefined;
  }
  if (status === 401 || status === 407) {
    return said('wantsLogin');
  }
  if (status === 403 || status === 410 || status === 451) {
    return said('closed');
  }
  if (status === 404) {
    return said(page ? 'closed' : whenMissing);
  }
  if (status === 429) {
    return said('rateLimited');
  }
  return said(status >= 500 ? 'serverError' : 'notARegistry');
}

function isPage(answer: CurlAnswer): boolean {
  return /^(text\/html|application\/xhtml)/i.test(answer.header('content-type') ?? '') || /^\s*<(!doctype|html)/i.test(answer.body);
}

/** The first message of a registry's error, or nothing: a page's text says little. */
function wordsOf({ body }: CurlAnswer): string {
  const message = /"message"\s*:\s*"([^"\\]{1,200})"/.exec(body.slice(0, 4096))?.[1];
  return message === undefined ? '' : `: ${message}`;
}

/** `GET /v2/` of a registry is an empty or a JSON answer. */
export function isRegistry(answer: CurlAnswer): boolean {
  if (answer.header('docker-distribution-api-version') !== undefined || answer.body.trim() === '') {
    return true;
  }
  try {
    JSON.parse(answer.body);
    return true;
  } catch {
    return false;
  }
}
