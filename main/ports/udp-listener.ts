// One address and port of the host for datagrams: each sender is a flow, and all flows share one stream into the guest, in frames
// (vm/AGREEMENT.md, "Datagrams"). What the stream does not take is dropped and counted, never queued. Knows no containers.
import { createSocket, type RemoteInfo } from 'node:dgram';
import type { Duplex } from 'node:stream';
import { datagramHead, datagramReader } from '../lib/datagram-frames';
import { kernelDrops } from './kernel-drops';
import type { PortListener } from './port-listener';

/** Of frames that wait for the guest: a fifth of a second at 20,000 of 1 KB a second. */
const MAX_QUEUED = 4 * 1024 * 1024;
/** What comes faster than this goes together: a packet costs the guest as much as twenty datagrams. */
const GATHER_MS = 1;
/** As much as one packet of SSH carries, where that is the way. */
const PACKET = 32 * 1024;
/** As the guest's own: a sender that was silent for this long is a new one. */
const IDLE_MS = 120_000;
const MAX_FLOWS = 1024;
const SOCKET_BUFFER = 4 * 1024 * 1024;
/** A stream that could not be opened is not asked for again with every datagram of a storm. */
const RETRY_MS = 200;
/** Bytes of datagrams that wait for the stream, and what one of them costs beside its own: a VM that sleeps takes a second to come back. */
const MAX_WAITING = 4 * 1024 * 1024;
const WAITING_COST = 256;

interface Flow {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  usedAt: number;
}

/** Rejects with the system's error: EADDRINUSE, EACCES, EADDRNOTAVAIL. `onUse`: something passes. */
export async function listenOnUdp(
  address: string,
  port: number,
  dial: () => Promise<Duplex>,
  onUse: () => void = () => undefined,
): Promise<PortListener> {
  const isIpv6 = address.includes(':');
  const socket = createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    ipv6Only: isIpv6,
    // Senders are addresses already; the system's own way would put each answer off by a turn.
    lookup: (host, _options, done) => done(null, host, isIpv6 ? 6 : 4),
  });
  const bySender = new Map<string, Flow>();
  const byId = new Map<number, Flow>();
  let stream: Duplex | undefined;
  let opening: Promise<void> | undefined;
  let notBefore = 0;
  let waiting = 0;
  let lastId = 0;
  let closed = false;
  let [bytesIn, bytesOut, dropped, droppedInGuest, droppedBySystem] = [0, 0, 0, 0, 0];

  const forget = (flow: Flow): void => {
    bySender.delete(`${flow.address} ${flow.port}`);
    byId.delete(flow.id);
  };

  /** Maps keep the order of insertion, and a flow that is used goes to the end: the first one was silent longest. */
  const flowOf = ({ address: from, port: fromPort }: RemoteInfo): Flow => {
    const key = `${from} ${fromPort}`;
    const now = Date.now();
    const known = bySender.get(key);
    if (known !== undefined) {
      known.usedAt = now;
      bySender.delete(key);
      bySender.set(key, known);
      return known;
    }
    for (const oldest of bySender.values()) {
      if (bySender.size < MAX_FLOWS && now - oldest.usedAt < IDLE_MS) {
        break;
      }
      forget(oldest);
    }
    lastId = lastId === 0xffff_ffff ? 1 : lastId + 1;
    const flow = { id: lastId, address: from, port: fromPort, usedAt: now };
    bySender.set(key, flow);
    byId.set(flow.id, flow);
    return flow;
  };

  const take = (id: number, datagram: Buffer): void => {
    if (id === 0) {
      droppedInGuest = datagram.length >= 4 ? datagram.readUInt32BE(0) : droppedInGuest;
      return;
    }
    const flow = byId.get(id);
    if (flow === undefined || closed) {
      return;
    }
    bytesOut += datagram.length;
    onUse();
    socket.send(datagram, flow.port, flow.address, (error) => {
      dropped += error === null ? 0 : 1;
    });
  };

  const open = async (): Promise<void> => {
    const dialled = await dial();
    if (closed) {
      dialled.destroy();
      return;
    }
    stream = dialled;
    const takeBytes = datagramReader(take);
    dialled.on('data', (bytes: Buffer) => {
      if (!takeBytes(bytes)) {
        dialled.destroy();
      }
    });
    // The container stopped, or the guest went: the next datagram asks for a new one.
    const lost = (): void => {
      dialled.destroy();
      if (stream === dialled) {
        stream = undefined;
      }
    };
    dialled.once('error', lost).once('end', lost).once('close', lost);
  };

  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  let flushedAt = 0;
  const flush = (): void => {
    if (gatheredBytes > 0) {
      flushedAt = performance.now();
      stream?.write(Buffer.concat(gathered, gatheredBytes));
      gathered = [];
      gatheredBytes = 0;
    }
  };
  const gather = (id: number, datagram: Buffer): void => {
    if (gatheredBytes === 0) {
      // One after a pause goes at once, with those that the system had beside it.
      if (performance.now() - flushedAt < GATHER_MS) {
        setTimeout(flush, GATHER_MS);
      } else {
        setImmediate(flush);
      }
    }
    const head = datagramHead(id, datagram);
    gathered.push(head, datagram);
    gatheredBytes += head.length + datagram.length;
    if (gatheredBytes >= PACKET) {
      flush();
    }
  };

  const send = (flow: Flow, datagram: Buffer): void => {
    if (stream === undefined || stream.writableLength > MAX_QUEUED) {
      dropped += 1;
      return;
    }
    bytesIn += datagram.length;
    onUse();
    gather(flow.id, datagram);
  };

  socket.on('message', (datagram, from) => {
    const flow = flowOf(from);
    if (stream !== undefined) {
      send(flow, datagram);
      return;
    }
    if (waiting > MAX_WAITING || (opening === undefined && Date.now() < notBefore)) {
      dropped += 1;
      return;
    }
    opening ??= open()
      .catch(() => {
        notBefore = Date.now() + RETRY_MS;
      })
      .finally(() => {
        opening = undefined;
      });
    // The first datagrams of a port wait for the stream; a client of DNS would otherwise lose a second.
    const cost = datagram.length + WAITING_COST;
    waiting += cost;
    void opening.then(() => {
      waiting -= cost;
      send(flow, datagram);
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, resolve);
  });
  socket.on('error', () => undefined);
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch {
    // The system allows less; what does not fit is lost, as ever with UDP.
  }
  return {
    figures() {
      // Of the last time that somebody looked: it is read while a window shows it, once a second.
      void kernelDrops(address, port).then((count) => (droppedBySystem = count));
      return { connections: bySender.size, bytesIn, bytesOut, dropped: dropped + droppedInGuest + droppedBySystem };
    },
    close() {
      closed = true;
      socket.close();
      stream?.destroy();
      return Promise.resolve();
    },
  };
}
