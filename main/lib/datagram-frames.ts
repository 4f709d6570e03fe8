// Datagrams as frames on a stream, to and from the guest's program in the role `udp` (vm/AGREEMENT.md, "Datagrams"). Knows no sockets.

const HEAD = 8;
const MAX_DATAGRAM = 65_507;

/** What stands before a datagram. `flow` is the sender's number; 0 is the guest's own, for its count of what it dropped. */
export function datagramHead(flow: number, datagram: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32BE(flow, 0);
  head.writeUInt32BE(datagram.length, 4);
  return head;
}

export function datagramFrame(flow: number, datagram: Uint8Array): Buffer {
  return Buffer.concat([datagramHead(flow, datagram), datagram]);
}

/** Cuts bytes into frames; false = no frame of the guest's, and the stream is of no use any more. */
export function datagramReader(onDatagram: (flow: number, datagram: Buffer) => void): (bytes: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= HEAD) {
      const length = rest.readUInt32BE(4);
      if (length > MAX_DATAGRAM) {
        return false;
      }
      if (rest.length < HEAD + length) {
        break;
      }
      onDatagram(rest.readUInt32BE(0), rest.subarray(HEAD, HEAD + length));
      rest = rest.subarray(HEAD + length);
    }
    return true;
  };
}
