// An SSH channel as a proper Duplex: end() half-closes, a lost connection is an error and never a clean end, and both directions hold back.
// ssh2's own channel buffers 2 MB before its write says stop, hangs a write made after the close, and ends cleanly when the link is cut.
import { Duplex } from 'node:stream';
import type { Channel } from 'ssh2';

/** What this end reads ahead; on top of it comes ssh2's window, which is a constant 2 MiB. */
const READ_AHEAD = 64 * 1024;

/**
 * What may be under way to a program of the guest's. sshd allows 2 MiB, and copies all that the program has not read yet with every packet that
 * comes: one that is behind a thousand small ones costs it seconds. It tells of every 96 KiB that were read, so nothing stands still for want of more.
 */
const WRITE_AHEAD = 256 * 1024;

export interface ChannelOwner {
  /** Why the whole connection is gone; undefined while it stands. */
  lost(): Error | undefined;
  /** Resolves when the connection's socket takes more bytes. */
  drained(): Promise<void> | undefined;
}

export function channelStream(channel: Channel, owner: ChannelOwner): Duplex {
  let ended = false;
  const { outgoing } = channel as unknown as { readonly outgoing: { window: number } };
  outgoing.window = Math.min(outgoing.window, WRITE_AHEAD);
  const pass = (chunk: Buffer, callback: () => void): void => {
    // ssh2 calls back when the guest's window took the bytes; the socket below it may still be behind.
    channel.write(chunk, () => {
      const wait = owner.drained();
      if (wait === undefined) {
        callback();
      } else {
        void wait.then(callback);
      }
    });
  };
  const stream = new Duplex({
    allowHalfOpen: true,
    readableHighWaterMark: READ_AHEAD,
    writableHighWaterMark: READ_AHEAD,
    read() {
      channel.resume();
    },
    write: (chunk: Buffer, _encoding, callback) => pass(chunk, callback),
    // What came while a packet was under way goes as one: the guest pays for each, so 1,000 datagrams in as many packets would be as many times slower.
    writev: (chunks, callback) => pass(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), callback),
    final(callback) {
      channel.end();
      callback();
    },
    destroy(error, callback) {
      channel.destroy();
      channel.resume(); // What is still coming is dropped, else ssh2 keeps the channel for ever.
      callback(error);
    },
  });
  channel.pause();
  channel.on('data', (chunk: Buffer) => {
    if (!stream.destroyed && !stream.push(chunk)) {
      channel.pause();
    }
  });
  channel.on('end', () => {
    const lost = owner.lost();
    if (lost === undefined) {
      ended = true;
      stream.push(null);
    } else {
      stream.destroy(lost);
    }
  });
  channel.on('error', (error: Error) => stream.destroy(error));
  channel.on('close', () => {
    const lost = owner.lost();
    if (lost !== undefined || !ended) {
      stream.destroy(lost ?? new Error('the channel was closed'));
    } else if (!stream.writableFinished) {
      // The guest closed both ways: what was read stays readable, further writes fail.
      stream.once('end', () => stream.destroy());
      if (stream.readableEnded) {
        stream.destroy();
      }
    }
  });
  return stream;
}
