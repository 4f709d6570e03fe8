// An SSH server in this process that speaks the real protocol (ssh2's server half): channels to a scripted service, and every way to break them.
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { ServerChannel } from 'ssh2';
import type { SshTarget } from '../../main/ssh/connection';
import { generateKeyPair, type KeyPair } from '../../main/ssh/openssh-key';

export interface FakeSshOptions {
  /** Serves a channel to the engine's socket; the default echoes and ends when the client ends. */
  onStream?(channel: ServerChannel, path: string): void;
  onTcp?(channel: ServerChannel, host: string, port: number): void;
  onExec?(command: string): { readonly stdout?: string; readonly stderr?: string; readonly code?: number };
  /** Refuses the channel, as sshd does where nothing listens, and what a client wants to have listened to. */
  refuse?(): boolean;
}

export interface FakeSshServer {
  readonly target: SshTarget;
  /** Logins so far. */
  logins(): number;
  connections(): number;
  /** Paths that clients have sockets at, in the guest. */
  sockets(): readonly string[];
  /** Somebody in the guest connects to such a socket. */
  connectTo(path: string): Promise<ServerChannel>;
  /** Cuts every connection, as a killed sshd does. */
  drop(): void;
  /** Answers with another host key from now on. */
  changeHostKey(): void;
  /** Stops listening; `listen` begins again on the same port. */
  pause(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

interface StreamLocal {
  openssh_forwardOutStreamLocal(path: string, done: (error: Error | undefined, channel: ServerChannel) => void): void;
  on(event: 'request', listener: (accept: () => void, reject: () => void, name: string, info: { socketPath: string }) => void): void;
  on(event: 'openssh.streamlocal', listener: (accept: () => ServerChannel, reject: () => void, info: { socketPath: string }) => void): void;
}

export async function createFakeSshServer(options: FakeSshOptions = {}): Promise<FakeSshServer> {
  const client = generateKeyPair('client');
  const keys = [generateKeyPair('host'), generateKeyPair('other host')] as const;
  const sockets = new Set<Socket>();
  const listening = new Map<string, StreamLocal>();
  let logins = 0;
  let hostKey: KeyPair = keys[0];
  let listener: Server | undefined;
  let port = 0;

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => {
        const allowed = context.method === 'publickey' && context.key.data.equals(client.publicBlob);
        if (allowed) {
          context.accept();
        } else {
          context.reject(['publickey']);
        }
      });
      connection.on('ready', () => {
        logins += 1;
        const streamLocal = connection as unknown as StreamLocal;
        socket.on('close', () => listening.forEach((owner, path) => owner === streamLocal && listening.delete(path)));
        streamLocal.on('request', (accept, reject, name, { socketPath }) => {
          if (options.refuse?.() === true) {
            reject();
            return;
          }
          if (name.startsWith('cancel-')) {
            listening.delete(socketPath);
          } else {
            listening.set(socketPath, streamLocal);
          }
          accept();
        });
        streamLocal.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
          if (options.refuse?.() === true) {
            reject();
            return;
          }
          (options.onStream ?? echo)(likeSshd(accept()), socketPath);
        });
        connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
          if (options.refuse?.() === true) {
            reject();
            return;
          }
          (options.onTcp ?? echo)(likeSshd(accept()), destIP, destPort);
        });
        connection.on('session', (acceptSession) => {
          acceptSession().on('exec', (acceptExec, _, { command }) => {
            const { stdout = '', stderr = '', code = 0 } = options.onExec?.(command) ?? {};
            const channel = acceptExec();
            channel.stderr.write(stderr);
            channel.write(stdout);
            channel.exit(code);
            channel.end();
          });
        });
      });
    });
    server.injectSocket(socket);
  };

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      listener = createServer(serve);
      listener.once('error', reject);
      listener.listen(port, '127.0.0.1', () => {
        const address = listener?.address();
        port = typeof address === 'object' && address !== null ? address.port : 0;
        resolve();
      });
    });
  const drop = (): void => sockets.forEach((socket) => socket.destroy());
  const pause = (): Promise<void> => new Promise((resolve) => (listener === undefined ? resolve() : listener.close(() => resolve())));
  await listen();

  return {
    target: { host: '127.0.0.1', port, username: 'root', privateKey: client.privateKey, hostKey: keys[0].publicBlob },
    logins: () => logins,
    connections: () => sockets.size,
    sockets: () => [...listening.keys()],
    connectTo: (path) =>
      new Promise((resolve, reject) => {
        const owner = listening.get(path);
        if (owner === undefined) {
          reject(new Error(`nothing listens at ${path}`));
          return;
        }
        owner.openssh_forwardOutStreamLocal(path, (error, channel) => (error === undefined ? resolve(likeSshd(channel)) : reject(error)));
      }),
    drop,
    changeHostKey() {
      hostKey = keys[1];
    },
    async pause() {
      const closed = pause();
      drop();
      await closed;
    },
    listen,
    async close() {
      const closed = pause();
      drop();
      await closed;
    },
  };
}

function echo(channel: ServerChannel): void {
  channel.pipe(channel);
}

/** sshd lets its client send more as soon as 96 KiB were read; ssh2 does so when half of its window of 2 MiB is used up. */
function likeSshd(channel: ServerChannel): ServerChannel {
  const { incoming, outgoing, _client } = channel as unknown as {
    readonly incoming: { window: number };
    readonly outgoing: { readonly id: number };
    readonly _client: { readonly _protocol: { channelWindowAdjust(id: number, bytes: number): void } };
  };
  const allowed = incoming.window;
  const tell = (): void => {
    const used = allowed - incoming.window - channel.readableLength;
    if (used >= 96 * 1024) {
      incoming.window += used;
      _client._protocol.channelWindowAdjust(outgoing.id, used);
    }
  };
  const fill = channel._read.bind(channel);
  channel._read = (size) => {
    tell();
    fill(size);
  };
  const read = channel.read.bind(channel);
  channel.read = (size) => {
    const bytes: unknown = read(size);
    tell();
    return bytes;
  };
  return channel;
}
