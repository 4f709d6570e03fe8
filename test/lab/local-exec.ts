// `exec` of the guest, done on this machine: the real shell and curl without a VM. Trusts the lab's authority; the guest's certs.d is a folder here.
import { spawn } from 'node:child_process';
import type { ExecOptions, ExecResult } from '../../main/ssh/connection';
import { shellCommand } from '../../main/ssh/quote';

const GUEST_CERTIFICATES = '/etc/docker/certs.d';

export interface LocalExec {
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Commands that run now. */
  running(): number;
}

export function localExec({ authorityFile, certificatesFolder }: { authorityFile: string; certificatesFolder: string }): LocalExec {
  let running = 0;
  return {
    running: () => running,
    exec: (command, { stdin = '', signal, onStderr } = {}) =>
      new Promise((resolve, reject) => {
        const line = (typeof command === 'string' ? command : shellCommand(command))
          .replaceAll(GUEST_CERTIFICATES, certificatesFolder)
          .replaceAll('/etc/ssl/certs/ca-certificates.crt', authorityFile);
        const input = String(stdin).replaceAll(GUEST_CERTIFICATES, certificatesFolder);
        // A group of its own, as sshd makes one, so that a hang-up reaches curl.
        const child = spawn('sh', ['-c', line], { env: { PATH: process.env['PATH'], CURL_CA_BUNDLE: authorityFile }, detached: true });
        running += 1;
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
          onStderr?.(chunk);
        });
        const hangUp = (): void => {
          // Its end may be under way already.
          if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
            process.kill(-child.pid, 'SIGHUP');
          }
        };
        signal?.addEventListener('abort', hangUp);
        child.on('error', reject);
        child.on('close', (code) => {
          running -= 1;
          signal?.removeEventListener('abort', hangUp);
          if (signal?.aborted === true) {
            reject(signal.reason as Error);
          } else {
            resolve({ stdout: stdout.replaceAll(certificatesFolder, GUEST_CERTIFICATES), stderr, code: code ?? -1 });
          }
        });
        child.stdin.on('error', () => undefined);
        child.stdin.end(input);
      }),
  };
}
