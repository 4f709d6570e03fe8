// What users do without Berth, for the other side of a comparison: OpenSSH's client into the guest, with the key and the port that Berth uses.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { HomeFiles } from '../main/lib/home';

export interface SshWay {
  readonly pid: number | undefined;
  readonly files: HomeFiles;
}

/** Arguments of `ssh` up to the host. */
export async function sshArgs({ pid, files }: SshWay): Promise<string[]> {
  const line = await readFile(`/proc/${pid ?? 0}/cmdline`, 'latin1');
  const port = /hostfwd=tcp:127\.0\.0\.1:(\d+)-:1022/.exec(line)?.[1] ?? '';
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'Ciphers=aes128-gcm@openssh.com',
  ];
  return ['-F', '/dev/null', '-i', files.keys.client, '-p', port, ...options.flatMap((option) => ['-o', option])];
}

/** A connection that stays, which commands share: what is typed into a terminal that is open already. */
export async function openSession(way: SshWay, socket: string): Promise<{ run(command: string): Promise<string>; close(): Promise<void> }> {
  const args = [...(await sshArgs(way)), '-o', `ControlPath=${socket}`];
  const ssh = async (...more: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('ssh', [...args, ...more], { maxBuffer: 64 * 2 ** 20 });
    return stdout;
  };
  // The master holds its output open for as long as it lives.
  await ssh('-f', '-N', '-o', 'ControlMaster=yes', '-o', 'ControlPersist=yes', '-E', '/dev/null', 'root@127.0.0.1');
  return {
    run: (command) => ssh('root@127.0.0.1', command),
    async close() {
      await ssh('-O', 'exit', 'root@127.0.0.1').catch(() => undefined);
    },
  };
}

/** Seconds of it. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
