// The fake engine by itself, for work on the window without a VM:
//   node test/fakes/dockerd/start.mjs --socket PATH [--containers 1000] [--images 20] [--changes 100]
// Then: DOCKER_HOST=unix://PATH docker ps
import { parseArgs } from 'node:util';
import { startFakeDockerd } from './server';

const { values } = parseArgs({
  options: {
    socket: { type: 'string' },
    containers: { type: 'string', default: '20' },
    images: { type: 'string', default: '10' },
    changes: { type: 'string', default: '0' },
  },
});
if (values.socket === undefined) {
  process.stderr.write('usage: start.mjs --socket PATH [--containers N] [--images N] [--changes PER_SECOND]\n');
  process.exit(2);
}
const fake = await startFakeDockerd(values.socket, { containers: Number(values.containers), images: Number(values.images) });
// A few that exercise long names, hostile text and missing shells.
fake.model.addContainer({ name: 'distroless', image: 'nginx:1.29', state: 'running', startedAt: Date.now(), shells: [] });
fake.model.addContainer({
  name: 'hostile',
  image: 'nginx:1.29',
  state: 'running',
  startedAt: Date.now(),
  labels: { '<img src=x onerror=alert(1)>': '\u202Eevil\u0000 <script>' },
});
if (Number(values.changes) > 0) {
  fake.storm(Number(values.changes));
}
process.stdout.write(`fake dockerd on ${values.socket}: ${fake.model.containers.size} containers\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void fake.stop().then(() => process.exit(0)));
}
