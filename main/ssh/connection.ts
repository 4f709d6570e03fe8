// One SSH connection to the guest: pinned host key, one cipher, keepalive, channels as streams. The only file that calls ssh2's client.
// Knows no lanes, no retries and no Docker.
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { Channel, ClientChannel, ConnectConfig } from 'ssh2';
import { BerthError } from '../../preload/contract/errors';
import { asError } from '../lib/async';
import { channelStream } from './channel-stream';
import { gatherWrites } from './gather';
import { useKeyObjects } from './key-objects';
import { watchSilence } from './silence';
import type { Silence } from './silence';

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** OpenSSH private key. */
  readonly privateKey: string;
  /** The guest's public key as the wire has it; nothing else is accepted. */
  readonly hostKey: Buffer;
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The command's exit status; -1 where a signal ended it. */
  readonly code: number;
}

export interface ExecOptions {
  /** Written to the command's input, which then ends; without it the input is empty. */
  readonly stdin?: string | Uint8Array;
  /** Closes the channel: the guest's sshd hangs the command up. Rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Error output as it comes, besides the whole of it in the result. */
  readonly onStderr?: (chunk: Uint8Array) => void;
}

export interface SshConnection extends Silence {
  streamLocal(path: string): Promise<Duplex>;
  tcp(host: string, port: number): Promise<Duplex>;
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** A command's input and output as one stream; what it writes as errors is dropped. */
  execStream(command: string): Promise<Duplex>;
  /** A listener in the guest that leads here, for as long as the connection stands: a path is a unix socket, `address:port` TCP over IPv4. */
  listenLocal(path: string, onStream: (stream: Duplex) => void): Promise<void>;
  unlistenLocal(path: string): void;
  /** Resolves with the reason when the connection is gone. */
  readonly closed: Promise<string>;
  end(): void;
  /** At once, without a goodbye; everything on it fails with the reason. */
  drop(reason: Error): void;
}

/** Handshake and login. Software emulation takes about a second for its curve; a loaded machine several. */
const READY_TIMEOUT_MS = 20_000;

/** Under Electron, ssh2's crypto has no chacha20; AES-GCM is also the fastest with AES instructions. Both sides are ours, so there is one choice each. */
const algorithms: NonNullable<ConnectConfig['algorithms']> = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  cipher: ['aes128-gcm@openssh.com'],
  serverHostKey: ['ssh-ed25519'],
  compress: ['none'],
};

export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

export function connectSsh(target: SshTarget, signal: AbortSignal): Promise<SshConnection> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const socket = new Socket();
    let lost: Error | undefined;
    let refusedKey: BerthError | undefined;
    let dialled = false;
    let tellClosed: (reason: string) => void = () => undefined;
    const closed = new Promise<string>((tell) => {
      tellClosed = tell;
    });
    const fail = (error: Error): void => {
      lost ??= error;
      client.destroy();
      socket.destroy();
      reject(
        refusedKey ??
          (error instanceof BerthError ? error : new BerthError('ssh.unreachable', { detail: error.message }, { cause: error })),
      );
      tellClosed(lost.message);
    };
    const onAbort = (): void => fail(asError(signal.reason));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    // Ahead of ssh2's own listener, which ends every channel as if the guest had: they must see that the connection was lost.
    socket.on('close', () => {
      lost ??= new Error('the SSH connection was closed');
      if (!dialled) {
        fail(lost); // ssh2 does not know of it yet.
      }
    });
    socket.on('error', (error) => {
      lost ??= error;
    });
    client.on('error', fail);
    useKeyObjects(client);
    client.on('ready', () => {
      signal.removeEventListener('abort', onAbort);
      // Nothing of the kind is forwarded: sshd refuses, and that is an answer.
      const silence = watchSilence(socket, () => void client.unforwardIn('127.0.0.1', 1, () => undefined));
      resolve({ ...channels(client, socket, () => lost), ...silence, closed, end: () => end(client, socket), drop: fail });
    });
    client.on('close', () => fail(lost ?? new Error('the SSH connection was closed')));
    socket.connect(target.port, target.host, () => {
      dialled = true;
      socket.setNoDelay(true);
      gatherWrites(socket);
      const config: ConnectConfig = {
        sock: socket,
        username: target.username,
        privateKey: target.privateKey,
        algorithms,
        readyTimeout: READY_TIMEOUT_MS,
        // Dead after 45 s without a byte: a held or swapping guest comes back from less, and its streams with it.
        keepaliveInterval: 15_000,
        keepaliveCountMax: 2,
        hostVerifier: (key: Buffer) => {
          if (key.equals(target.hostKey)) {
            return true;
          }
          refusedKey = new BerthError('ssh.hostKeyChanged', { expected: fingerprint(target.hostKey), found: fingerprint(key) });
          return false;
        },
      };
      try {
        client.connect(config);
      } catch (error) {
        fail(asError(error)); // A private key that cannot be parsed.
      }
    });
  });
}

function end(client: ssh2.Client, socket: Socket): void {
  client.end();
  // A guest that is gone never answers the goodbye.
  setTimeout(() => socket.destroy(), 1000).unref();
}

function channels(
  client: ssh2.Client,
  socket: Socket,
  lost: () => Error | undefined,
): Pick<SshConnection, 'streamLocal' | 'tcp' | 'exec' | 'execStream' | 'listenLocal' | 'unlistenLocal'> {
  let waiting: Promise<void> | undefined;
  const owner = {
    lost,
    drained() {
      if (!socket.writableNeedDrain) {
        return undefined;
      }
      waiting ??= new Promise<void>((resolve) => {
        const go = (): void => {
          socket.off('drain', go).off('close', go);
          waiting = undefined;
          resolve();
        };
        socket.on('drain', go).on('close', go);
      });
      return waiting;
    },
  };
  /** `use` runs in ssh2's own callback: the packet that opened a channel may carry its data and its close too, and a promise would come after them. */
  const open = <T>(
    ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    use: (channel: ClientChannel) => T,
  ): Promise<Awaited<T>> =>
    new Promise((resolve, reject) => {
      const gone = lost();
      if (gone !== undefined) {
        reject(gone);
        return;
      }
      ask((error, channel) => (error === undefined ? resolve(use(channel) as Awaited<T>) : reject(error)));
    });
  const streams = new Set<Duplex>();
  // A reader that holds back would hear of the loss only after it has read what is buffered, which may be never.
  client.on('close', () => streams.forEach((stream) => stream.destroy(lost())));
  const stream = (channel: Channel): Duplex => {
    const made = channelStream(channel, owner);
    streams.add(made);
    made.once('close', () => streams.delete(made));
    return made;
  };
  const listeners = new Map<string, (stream: Duplex) => void>();
  const arrived = (place: string, accept: () => Channel, reject: () => void): void => {
    const onStream = listeners.get(place);
    if (onStream === undefined) {
      reject();
    } else {
      onStream(stream(accept()));
    }
  };
  client.on('unix connection', ({ socketPath }, accept, reject) => arrived(socketPath, accept, reject));
  client.on('tcp connection', ({ destIP, destPort }, accept, reject) => arrived(`${destIP}:${destPort}`, accept, reject));
  return {
    listenLocal: (path, onStream) =>
      new Promise((resolve, reject) => {
        const gone = lost();
        if (gone !== undefined) {
          reject(gone);
          return;
        }
        // A connection can come in the same packet as the answer.
        listeners.set(path, onStream);
        const done = (error?: Error | null): void => (error instanceof Error ? reject(error) : resolve());
        if (path.startsWith('/')) {
          client.openssh_forwardInStreamLocal(path, done);
        } else {
          client.forwardIn(...hostAndPort(path), done);
        }
      }),
    unlistenLocal(path) {
      if (listeners.delete(path) && lost() === undefined) {
        if (path.startsWith('/')) {
          client.openssh_unforwardInStreamLocal(path, () => undefined);
        } else {
          client.unforwardIn(...hostAndPort(path), () => undefined);
        }
      }
    },
    streamLocal: (path) => open((done) => client.openssh_forwardOutStreamLocal(path, done), stream),
    tcp: (host, port) => open((done) => client.forwardOut('127.0.0.1', 0, host, port, done), stream),
    execStream: (command) =>
      open(
        (done) => client.exec(command, done),
        (channel) => {
          channel.stderr.resume();
          return stream(channel);
        },
      ),
    exec: (command, options = {}) => {
      options.signal?.throwIfAborted();
      return open(
        (done) => client.exec(command, done),
        (channel) => collect(channel, lost, options),
      );
    },
  };
}

function hostAndPort(place: string): [string, number] {
  const at = place.lastIndexOf(':');
  return [place.slice(0, at), Number(place.slice(at + 1))];
}

async function collect(
  channel: ClientChannel,
  lost: () => Error | undefined,
  { stdin, signal, onStderr }: ExecOptions,
): Promise<ExecResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel.on('data', (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    onStderr?.(chunk);
  });
  const hangUp = (): void => {
    channel.signal('HUP');
    channel.close();
  };
  signal?.addEventListener('abort', hangUp, { once: true });
  // A command that does not read its input to the end is none of our errors.
  channel.on('error', () => undefined);
  channel.end(stdin);
  // Not by 'exit': a short command's status can arrive in the same packet as the channel, before anyone listens.
  const code = await new Promise<number>((resolve) => channel.on('close', (status?: number | null) => resolve(status ?? -1)));
  signal?.removeEventListener('abort', hangUp);
  signal?.throwIfAborted();
  const gone = lost();
  if (gone !== undefined) {
    throw new BerthError('ssh.unreachable', { detail: gone.message }, { cause: gone });
  }
  return { stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8'), code };
}
