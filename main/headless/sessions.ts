// Who may use the browser shell: one-time codes become session tokens. Times are of the monotonic clock, so that a clock set back revives nothing.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Opened by us: the browser follows at once. */
export const OPENED_CODE_MS = 30_000;
/** Printed for a person, who has to copy it. */
export const PRINTED_CODE_MS = 10 * 60_000;
const MAX_CODES = 64;
const MAX_SESSIONS = 256;

export interface Sessions {
  issueCode(lifetimeMs: number): string;
  /** A session token for a code that is good; each code works once. */
  redeem(code: string): string | undefined;
  knows(token: string): boolean;
}

export function createSessions(now: () => number = () => performance.now()): Sessions {
  // Only digests are kept: what is compared has one length, and a dump of memory holds no token.
  const codes: { readonly digest: Buffer; readonly until: number }[] = [];
  const tokens: Buffer[] = [];
  return {
    issueCode(lifetimeMs) {
      const code = secret();
      codes.push({ digest: digest(code), until: now() + lifetimeMs });
      codes.splice(0, codes.length - MAX_CODES);
      return code;
    },
    redeem(code) {
      const given = digest(code);
      const at = codes.findIndex((known) => timingSafeEqual(known.digest, given));
      const [found] = at === -1 ? [] : codes.splice(at, 1);
      if (found === undefined || found.until < now()) {
        return undefined;
      }
      const token = secret();
      tokens.push(digest(token));
      tokens.splice(0, tokens.length - MAX_SESSIONS);
      return token;
    },
    knows(token) {
      const given = digest(token);
      return tokens.some((known) => timingSafeEqual(known, given));
    },
  };
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
