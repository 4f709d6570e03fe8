// A program that behaves like QEMU under a proof, or left running by an earlier backend: console on stdout, QMP on the socket of argv[3], and the scenario of argv[2].
import { createServer } from 'node:net';

const [, , scenario, socketPath] = process.argv;
const clients = new Set();
let status = 'running';

createServer((socket) => {
  clients.add(socket);
  socket.on('error', () => undefined);
  socket.write('{"QMP":{"version":{},"capabilities":[]}}\n');
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      const { id, execute } = JSON.parse(line);
      socket.write(`${JSON.stringify({ id, return: execute === 'query-status' ? { status } : {} })}\n`);
    }
  });
}).listen(socketPath, () => {
  switch (scenario) {
    case 'ok':
      process.stdout.write('booting\n');
      setTimeout(() => process.stdout.write('BERTH-PROBE-OK\n'), 100);
      break;
    case 'exits':
      process.stderr.write('qemu: failed to initialize kvm: Permission denied\n');
      process.exit(1);
      break;
    case 'internal-error':
      setTimeout(() => {
        status = 'internal-error';
        clients.forEach((client) => client.write('{"event":"STOP","timestamp":{}}\n'));
      }, 200);
      break;
    case 'stderr-error':
      process.stderr.write('KVM internal error. Suberror: 3\n');
      break;
    case 'dots':
      setInterval(() => process.stdout.write('.'), 50);
      break;
    case 'prelaunch':
      status = 'prelaunch';
      break;
    case 'silent':
      break;
  }
});
