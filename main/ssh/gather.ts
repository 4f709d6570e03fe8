// One write to the system for what is written within one turn. ssh2 writes a packet in three pieces (length, data, tag), and without Nagle's
// delay each would be a segment of its own, which the guest pays for: an emulated one with a sixth of its throughput.
import type { Socket } from 'node:net';

export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const gathering = (...args: unknown[]): boolean => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => {
        socket.uncork();
      });
    }
    return write(...args);
  };
  socket.write = gathering;
}
