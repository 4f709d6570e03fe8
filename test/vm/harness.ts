// The shared VM for tests on a real engine. `const box = useVm()` at the top of a file; then `box().vm`, `box().exec([...])`, `box().dockerHost`.
// One boot serves all files of test/vm: vitest's project `vm` has globalSetup test/vm/global-setup.ts and fileParallelism false; each file
// adopts the VM that runs and lets go of it at its end. Leave it as you found it: it must not be stopped, and names must be your own.
// Tests that end or damage a VM boot their own with `openVm` (open-vm.ts) and live in test/faults.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';
import type { AgentOps } from '../../main/vm/agent';
import type { ExecResult } from '../../main/ssh/connection';
import { openVm } from './open-vm';
import type { OpenVm } from './open-vm';

/** BERTH_FAULTS=all: every case and full sizes, where a run without it has a representative of each. */
export const everything = process.env['BERTH_FAULTS'] === 'all';

export interface Box extends OpenVm {
  exec(command: string | readonly string[]): Promise<ExecResult>;
  agent<O extends keyof AgentOps>(op: O, request: AgentOps[O]['in']): Promise<AgentOps[O]['out']>;
  /** The bundled docker CLI on the engine's socket; rejects where it fails. */
  docker(...args: readonly string[]): Promise<string>;
}

export function useVm(): () => Box {
  let box: Box | undefined;
  beforeAll(async () => {
    const open = await openVm(inject('vmHome'));
    if (!(await open.vm.adopt())) {
      throw new Error('the shared VM is gone: an earlier file ended it');
    }
    box = {
      ...open,
      exec: (command) => open.vm.exec(command),
      agent: (op, request) => open.vm.agent.call(op, request),
      docker: (...args) => docker(open, args),
    };
  });
  afterAll(() => box?.close({ keepVm: true }));
  return () => {
    if (box === undefined) {
      throw new Error('useVm() gives its VM inside of tests only');
    }
    return box;
  };
}

export function docker(open: Pick<OpenVm, 'dockerHost' | 'resources'>, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, DOCKER_HOST: open.dockerHost };
    execFile(join(open.resources.bundle, 'bin', 'docker'), args, { env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(`docker ${args.join(' ')}: ${stderr.trim()}`, { cause: error }));
      }
    });
  });
}
