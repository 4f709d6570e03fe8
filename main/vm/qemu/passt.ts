// passt in place of QEMU's user network: the guest's card ends in a process that was told to lead to nothing of this computer's own loopback.
// Started before QEMU, ended by QEMU's end, started again when it died alone. Knows its command line and pid file, not what is set or why.
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asError } from '../../lib/async';
import { GUEST } from '../../lib/guest-network';
import { identify, isSameProcess } from '../../lib/process';
import type { ProcessIdentity } from '../../lib/process';
import { doorsOf } from './args';
import type { Doors } from './args';
import { guard } from './orphans';
import { lastLine } from './verdicts';

export interface PasstDeps {
  readonly command: string;
  /** Paths below are as passt sees them from here. */
  readonly home: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly stateFolder: string;
}

export interface Passt {
  /** Resolves when it listens and has daemonised; rejects with its words. */
  start(doors: Doors): Promise<void>;
  /** QEMU holds it from now on: it ends with QEMU, and no backend has to. */
  handedOver(): Promise<void>;
  /** Whether the one that an earlier backend started is there. */
  alive(): Promise<boolean>;
  /** For a start that failed. */
  end(): Promise<void>;
}

const START_MS = 20_000;

const guestAddresses = [
  ...['--address', GUEST.address, '--netmask', String(GUEST.prefix), '--gateway', GUEST.gateway, '--dns-forward', GUEST.dns],
  ...['--address', GUEST.address6, '--gateway', GUEST.gateway6, '--dns-forward', GUEST.dns6],
];

export function passtArgs(spec: Pick<PasstDeps, 'socket' | 'pidFile' | 'logFile'> & Doors): string[] {
  return [
    '--one-off',
    ...['--socket', spec.socket, '--pid', spec.pidFile, '--log-file', spec.logFile],
    ...guestAddresses,
    // The gateway would stand for the host's loopback.
    '--no-map-gw',
    // The guest's network is static.
    ...['--no-dhcp', '--no-dhcpv6', '--no-ra'],
    ...doorsOf(spec).flatMap(([host, guest]) => ['--tcp-ports', `127.0.0.1/${host}:${guest}`]),
    ...['--udp-ports', 'none'],
  ];
}

export function createPasst(deps: PasstDeps): Passt {
  let release: (() => Promise<void>) | undefined;

  const running = async (): Promise<ProcessIdentity | undefined> => {
    const pid = Number(await readFile(resolve(deps.home, deps.pidFile), 'utf8').catch(() => ''));
    return Number.isInteger(pid) && pid > 0 ? identify(pid) : undefined;
  };

  return {
    async start(doors) {
      await Promise.all([deps.socket, deps.pidFile].map((path) => rm(resolve(deps.home, path), { force: true })));
      const args = passtArgs({ ...deps, ...doors });
      await new Promise<void>((done, reject) => {
        let words = '';
        const child = spawn(deps.command, args, { cwd: deps.home, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
        const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => (words = (words + chunk).slice(-8192)));
        child.once('error', reject);
        // Its first process ends when the socket is there.
        child.once('exit', (code, signal) => {
          clearTimeout(timer);
          child.stderr.destroy();
          if (code === 0) {
            done();
          } else {
            reject(new Error(lastLine(words) || `exit ${signal ?? code ?? ''}`));
          }
        });
      });
      const identity = await running();
      if (identity === undefined) {
        throw new Error('it ended at once');
      }
      release = await guard(deps.stateFolder, 'passt', identity.pid);
    },
    async handedOver() {
      await release?.();
      release = undefined;
    },
    async alive() {
      return (await running()) !== undefined;
    },
    async end() {
      const identity = release === undefined ? undefined : await running();
      if (identity !== undefined && (await isSameProcess(identity))) {
        process.kill(identity.pid, 'SIGTERM');
      }
      await release?.();
      release = undefined;
    },
  };
}

/** Another start may find the port free. */
export function portTaken(error: unknown): boolean {
  return /Failed to bind port/i.test(asError(error).message);
}
