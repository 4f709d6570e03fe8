// What the engine last said to the two questions that every client asks first, so that a client can ask them while the VM sleeps without waking it:
// `docker ps` pings, and only its list is a use. Kept in memory; what was never said is not answered here.
import type { RequestHead, ResponseHead } from './head';
import type { Route } from './routes';

export interface Known {
  /** undefined = not known, or not such a question. */
  answer(head: RequestHead, route: Route): Buffer | undefined;
  /** What an answer's payload is told to as it passes; undefined = of no use here. */
  hear(head: RequestHead, route: Route, answer: ResponseHead): Hearing | undefined;
}

export interface Hearing {
  readonly payload: (bytes: Buffer) => void;
  /** The answer was whole. */
  readonly whole: () => void;
}

interface Said {
  /** Lines of the head that are about the engine and not about one connection. */
  readonly fields: readonly string[];
  readonly body: Buffer;
}

const ABOUT_THE_CONNECTION = new Set(['connection', 'content-length', 'transfer-encoding', 'date', 'keep-alive', 'trailer']);
/** dockerd's version is 1 KB. */
const MAX_BYTES = 64 * 1024;

export function createKnown(): Known {
  const said = new Map<NonNullable<Route['question']>, Said>();
  return {
    answer({ method }, { question }) {
      const known = question && said.get(question);
      if (known === undefined) {
        return undefined;
      }
      const isHead = method === 'HEAD';
      // As dockerd: a HEAD of the ping says that there is nothing.
      const length = isHead && question === 'ping' ? 0 : known.body.length;
      const head = ['HTTP/1.1 200 OK', ...known.fields, `Content-Length: ${length}`].join('\r\n');
      return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), isHead ? Buffer.alloc(0) : known.body]);
    },
    hear({ method }, { question }, { status, fields }) {
      if (question === undefined || method !== 'GET' || status !== 200) {
        return undefined;
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      return {
        payload(part) {
          bytes += part.length;
          if (bytes <= MAX_BYTES) {
            parts.push(Buffer.from(part));
          }
        },
        whole() {
          if (bytes <= MAX_BYTES) {
            const lasting = fields.filter(({ name }) => !ABOUT_THE_CONNECTION.has(name.toLowerCase()));
            said.set(question, { fields: lasting.map(({ name, value }) => `${name}: ${value}`), body: Buffer.concat(parts) });
          }
        },
      };
    },
  };
}
