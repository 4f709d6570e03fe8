// Who uses a port, in a process of its own as users' programs are: in the backend's, every byte would cost its event loop twice.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const bytesThrough = `
const [port, direction, wanted] = process.argv.slice(1);
const { once } = require('node:events');
const socket = require('node:net').connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true });
const block = Buffer.alloc(64 * 1024);
const run = async () => {
  await once(socket, 'connect');
  const begun = performance.now();
  let bytes = 0;
  if (direction === 'in') {
    for (; bytes < Number(wanted); bytes += block.length) if (!socket.write(block)) await once(socket, 'drain');
    socket.end().resume();
    await once(socket, 'close');
  } else {
    socket.on('data', (chunk) => (bytes += chunk.length));
    await once(socket, 'end');
    socket.destroy();
  }
  console.log(JSON.stringify({ bytes, ms: performance.now() - begun }));
};
run();`;

const datagramsThrough = `
const [port, bytes, perSecond, seconds] = process.argv.slice(1).map(Number);
const socket = require('node:dgram').createSocket('udp4'), data = Buffer.alloc(bytes, 97);
let sent = 0, answers = 0;
socket.on('message', () => answers++);
socket.bind(0, '127.0.0.1', () => {
  socket.setRecvBufferSize(4 << 20);
  const begun = performance.now();
  const tick = () => {
    const due = Math.min(perSecond * seconds, Math.floor((performance.now() - begun) / 1000 * perSecond));
    for (; sent < due; sent++) socket.send(data, port, '127.0.0.1');
    if (sent < perSecond * seconds) setTimeout(tick, 1);
    else setTimeout(() => { console.log(JSON.stringify({ sent, answers })); process.exit(); }, 2000);
  };
  tick();
});`;

async function inProcess<T>(script: string, ...args: readonly (string | number)[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, ...args.map(String)]);
  return JSON.parse(stdout) as T;
}

/** MB/s; inwards until the other side has read all and closed. */
export async function throughput(port: number, direction: 'in' | 'out', wanted: number): Promise<number> {
  const { bytes, ms } = await inProcess<{ bytes: number; ms: number }>(bytesThrough, port, direction, wanted);
  return bytes / 1e3 / ms;
}

/** Answers that came within two seconds after the last was sent. */
export function sendDatagrams(
  port: number,
  { bytes, perSecond, seconds }: { readonly bytes: number; readonly perSecond: number; readonly seconds: number },
): Promise<{ readonly sent: number; readonly answers: number }> {
  return inProcess(datagramsThrough, port, bytes, perSecond, seconds);
}
