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
  /** Refuses the channel, as sshd does where nothing listens. */
  refuse?(): boolean;
}

export interface FakeSshServer {
  readonly target: SshTarget;
  /** Logins so far. */
  logins(): number;
  connections(): number;
  /** Cuts every connection, as a killed sshd does. */
  drop(): void;
  /** Answers with another host key from now on. */
  changeHostKey(): void;
  /** Stops listening; `listen` begins again on the same port. */
  pause(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

interface OutgoingStreamLocal {
  on(event: 'openssh.streamlocal', listener: (accept: () => ServerChannel, reject: () => void, info: { socketPath: string }) => void): void;
}

export async function createFakeSshServer(options: FakeSshOptions = {}): Promise<FakeSshServer> {
  const client = generateKeyPair('client');
  const keys = [generateKeyPair('host'), generateKeyPair('other host')] as const;
  const sockets = new Set<Socket>();
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
        (connection as unknown as OutgoingStreamLocal).on('openssh.streamlocal', (accept, reject, { socketPath }) => {
          if (options.refuse?.() === true) {
            reject();
            return;
          }
          const channel = accept();
          (options.onStream ?? echo)(channel, socketPath);
        });
        connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
          if (options.refuse?.() === true) {
            reject();
            return;
          }
          (options.onTcp ?? echo)(accept(), destIP, destPort);
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
