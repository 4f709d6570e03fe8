// The engine as a client of Docker sees it: through the host's socket, as `docker` asks.
import { pingSocket } from '../lib/engine-http';
import type { HomeFiles } from '../lib/home';
import type { DoctorProbe } from '../vm/vm';

export function engineProbes(files: HomeFiles, running: boolean): readonly DoctorProbe[] {
  return [
    {
      id: 'engine',
      async run() {
        if (!running) {
          return { status: 'skipped', detail: '' };
        }
        const { version, apiVersion } = await pingSocket(files.run.docker);
        return { status: 'ok', detail: `Docker ${version}, API ${apiVersion}` };
      },
    },
  ];
}
