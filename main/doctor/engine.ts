// The way into the guest and the engine at its end, as clients see them: a command over SSH, a ping through the host's socket.
import { pingSocket } from '../lib/engine-http';
import type { HomeFiles } from '../lib/home';
import type { DoctorProbe, Vm } from '../vm/vm';

/** `vm` is missing while it does not run: then there is nothing to check. */
export function engineProbes(files: HomeFiles, vm: Pick<Vm, 'exec'> | undefined): readonly DoctorProbe[] {
  return [
    {
      id: 'transport',
      async run() {
        if (vm === undefined) {
          return { status: 'skipped', detail: '' };
        }
        const startedAt = performance.now();
        const { stdout, code } = await vm.exec(['uname', '-sr']);
        return { status: code === 0 ? 'ok' : 'fail', detail: `${stdout.trim()}, ${Math.round(performance.now() - startedAt)} ms` };
      },
    },
    {
      id: 'engine',
      async run() {
        if (vm === undefined) {
          return { status: 'skipped', detail: '' };
        }
        const { version, apiVersion } = await pingSocket(files.run.docker);
        return { status: 'ok', detail: `Docker ${version}, API ${apiVersion}` };
      },
    },
  ];
}
