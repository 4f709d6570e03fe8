// A client that says exactly the packets it is told to, and an SFTP server of this process behind it; what libraries would not send is the point.
import { duplexPair, type Duplex } from 'node:stream';
import { createBeneath } from '../../main/shares/sftp/beneath';
import { openOwners, type Owners } from '../../main/shares/sftp/owners';
import { packets } from '../../main/shares/sftp/packets';
import { serveSftp, type SessionOptions } from '../../main/shares/sftp/session';
import { createTree } from '../../main/shares/sftp/tree';
import { createReader, Packet, packet, string, u32, type Reader } from '../../main/shares/sftp/wire';

export interface SftpAnswer {
  readonly type: number;
  readonly reader: Reader;
  /** Of a status; undefined for every other answer. */
  readonly status?: number;
}

export interface SftpClient {
  readonly stream: Duplex;
  readonly ended: Promise<{ readonly error?: Error }>;
  readonly owners: Owners;
  ask(type: number, ...rest: readonly Buffer[]): Promise<SftpAnswer>;
  /** The status of a request about names. */
  status(type: number, ...rest: readonly Buffer[]): Promise<number | undefined>;
  open(name: string, flags: number, mode?: number): Promise<Buffer>;
  close(): Promise<void>;
}

export interface SftpClientOptions extends SessionOptions {
  readonly folder: string;
  readonly owners: string;
  readonly readOnly?: boolean;
  readonly hidden?: readonly string[];
  readonly platform?: NodeJS.Platform;
}

export const NO_ATTRS = u32(0);
export const mode = (bits: number): Buffer => Buffer.concat([u32(4), u32(bits)]);

export async function openSftp(options: SftpClientOptions): Promise<SftpClient> {
  const { folder, readOnly = false, hidden = [], platform } = options;
  const beneath = createBeneath({ folder, hidden, ...(platform === undefined ? {} : { platform }) });
  const owners = await openOwners(options.owners);
  const [stream, server] = duplexPair();
  const ended = serveSftp(server, createTree({ beneath, owners, readOnly }), options);
  const waiting = new Map<number, (answer: SftpAnswer) => void>();
  let last = 0;
  void (async () => {
    for await (const bytes of packets(stream, 2 ** 20)) {
      const reader = createReader(bytes);
      const type = reader.byte();
      const id = reader.u32();
      waiting.get(id)?.({ type, reader, ...(type === Packet.status ? { status: reader.u32() } : {}) });
      waiting.delete(id);
    }
  })().catch(() => undefined);
  const ask: SftpClient['ask'] = (type, ...rest) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      stream.write(packet(type, last, ...rest));
    });
  return {
    stream,
    ended,
    owners,
    ask,
    status: async (type, ...rest) => (await ask(type, ...rest)).status,
    async open(name, flags, bits = 0o644) {
      const { type, reader, status } = await ask(Packet.open, string(name), u32(flags), mode(bits));
      if (type !== Packet.handle) {
        throw new Error(`open ${name}: status ${status ?? 'none'}`);
      }
      return Buffer.from(reader.bytes());
    },
    async close() {
      stream.destroy();
      server.destroy();
      await ended;
      await beneath.dispose();
      await owners.dispose();
    },
  };
}
