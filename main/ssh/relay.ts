// The way of published ports into a running guest, beside SSH: what stays on this machine needs no second encryption, which an emulated processor
// pays for with each byte. A key that only the agent's port has carried is said first, on both sides (vm/AGREEMENT.md, "Relay").
// Where it cannot be had, SSH is the way; nobody waits for it.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { asError, createQueue, deferred, settledWithin, type Deferred } from '../lib/async';
import type { Logger } from '../lib/logger';

export type RelayKind = 'tcp' | 'udp';

export interface Relay {
  /** Undefined where SSH is the way. Rejects where the guest has no connection to it: nobody listens, say. */
  dial(kind: RelayKind, host: string, port: number): Promise<Duplex | undefined>;
  /** Ends what goes through it. */
  close(): void;
}

export interface RelayDeps {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** Has the guest listen for who knows the key; one that does already goes on. */
  readonly order: (key: Buffer) => Promise<unknown>;
  readonly log: Logger;
}

/** Linux's numbers, whatever this system's are. */
const reasons: Readonly<Record<number, string>> = { 110: 'connection timed out', 111: 'connection refused', 113: 'no route to host' };

const KEY = 32;
const HOST = 46;
const letters = { tcp: 't', udp: 'u', ends: 'e' } as const;
/** Until the guest has proved itself: one that does not run now has its connections by SSH, which knows how to wait. */
const PROOF_MS = 5000;
/** A guest that has no relay, or an agent that does not answer, is not asked with every connection. */
const AGAIN_MS = 10_000;
/** Open at once; QEMU may have no more than 1,024 files open. */
const MOST = 500;
/** Behind each other, because QEMU lets one connection wait (libslirp listens with a backlog of 1) and the system takes a second for a next try. */
const MOST_WAITING = 8;
/** The word that a connection was ended in order comes before its end, by another connection. */
const WORD_MS = 2000;

export function createRelay({ port, order, log }: RelayDeps): Relay {
  let key = randomBytes(2 * KEY);
  const open = new Set<Socket>();
  /** By number, until they are closed: true when the container ended it in order, false when nobody can say it any more. */
  const unended = new Map<number, Deferred<boolean>>();
  const proved = new WeakSet<Socket>();
  const inTurn = createQueue();
  let next = 0;
  let waiting = 0;
  let closed = false;
  let listens: Promise<boolean> | undefined;
  let notBefore = 0;

  const lost = (cause: string): false => {
    if (!closed) {
      log.warn('published ports go through SSH for now', { cause });
    }
    listens = undefined;
    // An earlier guest has none.
    notBefore = cause === 'unknown op' ? Infinity : Date.now() + AGAIN_MS;
    return false;
  };

  /** An end that the guest has not announced is a break. */
  const mindEnd = (socket: Socket, number: number): void => {
    const word = deferred<boolean>();
    unended.set(number, word);
    socket.once('close', () => unended.delete(number));
    // Where net.Socket says that the other side has ended.
    socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      const push = (): boolean => Readable.prototype.push.call(socket, chunk, encoding);
      if (chunk !== null || (!proved.has(socket) && socket.readableLength === 0)) {
        return push();
      }
      void settledWithin(word.promise, WORD_MS)
        .then((told) => told && word.promise)
        .then((inOrder) => (inOrder ? push() : socket.destroy(new Error('cut off in the guest'))));
      return false;
    };
  };

  /** Undefined where nobody there is the guest. */
  const prove = async (kind: keyof typeof letters, host: string, to: number, isStill: () => boolean): Promise<Socket | undefined> => {
    // Lost by the one before.
    if (closed || !isStill()) {
      return undefined;
    }
    const number = next;
    next = (next + 1) % 2 ** 32;
    const head = Buffer.alloc(KEY + 7 + HOST);
    key.copy(head, 0, 0, KEY);
    head.write(letters[kind], KEY);
    head.writeUInt32BE(number, KEY + 1);
    head.writeUInt16BE(to, KEY + 5);
    head.write(host, KEY + 7, HOST, 'latin1');
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
    if (kind === 'tcp') {
      mindEnd(socket, number);
    }
    socket.write(head);
    let late = false as boolean;
    const timer = setTimeout(() => {
      late = true;
      socket.destroy();
    }, PROOF_MS);
    const said = await take(socket, KEY);
    clearTimeout(timer);
    if (said !== undefined && timingSafeEqual(said, key.subarray(KEY))) {
      proved.add(socket);
      return socket;
    }
    socket.destroy();
    open.delete(socket);
    if (isStill()) {
      lost('the guest’s relay does not answer');
      if (!late && open.size === 0) {
        // Whoever it was knows its half now; the guest would cut what goes through it for a new one, but nothing does.
        key = randomBytes(2 * KEY);
      }
    }
    return undefined;
  };

  /** The connection by which the guest tells what was ended in order; with its loss everything else is lost too. */
  const hear = async (isStill: () => boolean): Promise<boolean> => {
    const socket = await prove('ends', '', 0, isStill);
    if (socket === undefined || (await take(socket, 1))?.[0] !== 0) {
      socket?.destroy();
      return isStill() && lost('the guest’s relay does not answer');
    }
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (; rest.length >= 4; rest = rest.subarray(4)) {
        unended.get(rest.readUInt32BE(0))?.resolve(true);
      }
    });
    const gone = (): void => {
      socket.destroy();
      unended.forEach((word) => word.resolve(false));
      if (isStill()) {
        lost('the guest’s relay is gone');
      }
    };
    socket.once('end', gone).once('close', gone);
    return true;
  };

  /** Undefined where SSH is the way for now. */
  const ready = (): Promise<boolean> | undefined => {
    if (listens === undefined && !closed && Date.now() >= notBefore) {
      const mine: Promise<boolean> = order(key).then(
        () => hear(() => listens === mine),
        (error: unknown) => lost(asError(error).message),
      );
      listens = mine;
    }
    return listens;
  };

  return {
    async dial(kind, host, to) {
      const under = ready();
      if (under === undefined || !(await under) || waiting >= MOST_WAITING || open.size >= MOST) {
        return undefined;
      }
      waiting += 1;
      const socket = await inTurn(() => prove(kind, host, to, () => listens === under)).finally(() => (waiting -= 1));
      const errno = socket && (await take(socket, 1))?.[0];
      if (errno === 0) {
        return socket;
      }
      socket?.destroy();
      if (errno !== undefined) {
        throw new Error(reasons[errno] ?? `errno ${errno}`);
      }
      return undefined;
    },
    close() {
      closed = true;
      open.forEach((socket) => socket.destroy());
    },
  };
}

/** So many bytes, and not one more; undefined where they do not come any more. */
function take(socket: Socket, length: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (bytes: Buffer | undefined): void => {
      socket.off('readable', read).off('end', none).off('close', none);
      resolve(bytes);
    };
    const none = (): void => settle(undefined);
    const read = (): void => {
      const bytes = socket.read(length) as Buffer | null;
      if (bytes !== null) {
        settle(bytes.length === length ? bytes : undefined);
      }
    };
    socket.on('readable', read).once('end', none).once('close', none);
    read();
  });
}
