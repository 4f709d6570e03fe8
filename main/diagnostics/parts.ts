// What a report holds and where each of it comes from. Names no secret file: keys are never opened. What a part may take out of what it reads is
// the redactor's; labels of containers are the users' own words and go whole.
import { readdir, stat, statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, release, totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import type { DiagnosticsPartName, DoctorCheck } from '../../preload/contract';
import { readCounters } from '../cost/counters';
import { ownProcesses } from '../cost/processes';
import { findRoots } from '../cost/roots';
import { asError } from '../lib/async';
import { readText } from '../lib/atomic-file';
import { readManifest } from '../vm/resources';
import { readVmState } from '../vm/qemu/state-file';
import type { Give, Part } from './gather';
import { printableTail } from './tail';
import type { DiagnosticsSources } from './sources';

const JSON_LIMIT = 512 * 1024;
const GUEST_LOGS = ['dockerd', 'containerd', 'sshd', 'dns', 'init', 'agent', 'kernel'] as const;
const GUEST_LINES = 500;
const AGENT_MS = 5000;

export function createParts(sources: DiagnosticsSources): readonly Part[] {
  const { files } = sources;
  const part = (name: DiagnosticsPartName, collect: Part['collect']): Part => ({ name, collect });
  const file = (name: DiagnosticsPartName, path: string, as: string): Part => part(name, (give) => giveFile(give, path, as));

  return [
    part('versions', async (give) => {
      const manifest = (folder: string): Promise<unknown> =>
        readManifest(folder).then(
          ({ hash, arch, engine, packages }) => ({ folder, hash, arch, engine, packages }),
          (error: unknown) => ({ folder, error: asError(error).message }),
        );
      await give('versions.json', {
        berth: {
          version: sources.version,
          build: sources.build,
          home: files.root,
          node: process.versions.node,
          electron: process.versions['electron'],
        },
        system: { platform: process.platform, kernel: release(), arch: process.arch, cpus: cpus().length, model: cpus()[0]?.model },
        memory: { totalBytes: totalmem(), freeBytes: freemem(), load: loadavg(), uptimeSeconds: Math.round(uptime()) },
        osRelease: (await readText('/etc/os-release').catch(() => undefined))?.split('\n').slice(0, 6),
        guest: await manifest(sources.resources.guest),
        bundle: await manifest(sources.resources.bundle),
        engine: sources.vm?.status.get().engine,
      });
    }),
    part('doctor', async (give, signal) => {
      const checks: DoctorCheck[] = [];
      for await (const check of sources.doctor(signal)) {
        checks.push(check);
        await give('doctor.json', checks);
      }
    }),
    file('settings', files.settings, 'settings.json'),
    file('configuration', files.daemonJson, 'daemon.json'),
    file('mirrors', files.mirrors, 'mirrors.json'),
    // Certificates are public; a client's key is taken out by its name and by its form.
    file('trust', join(files.trust, 'trust.json'), 'trust.json'),
    part('vm', async (give) => {
      await giveFound(give, 'status.json', sources.vm?.status.get());
      await giveFound(give, 'starts.json', sources.vm?.boots());
    }),
    part('qemu', async (give) => {
      const answers = await sources.askQemu(['query-status', 'query-block', 'query-balloon', 'query-migrate', 'query-cpus-fast']);
      await give('qmp.json', answers);
    }),
    part('guest', async (give, signal) => {
      const { agent } = sources.vm ?? {};
      if (agent === undefined) {
        return;
      }
      const options = { timeoutMs: AGENT_MS };
      const ask = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => ({ error: asError(error).message }));
      // Who does not answer this does not answer the rest either.
      const status = await agent.call('status', {}, options);
      const [health, memory, disk] = await Promise.all([
        ask(agent.call('health', {}, options)),
        ask(agent.call('memory', {}, options)),
        ask(agent.call('disk', {}, options)),
      ]);
      await give('agent.json', { status, health, memory, disk });
      for (const service of GUEST_LOGS) {
        signal.throwIfAborted();
        const lines = await agent.call('tail', { service, lines: GUEST_LINES }, options).then(
          (answer) => answer.lines,
          (error: unknown) => [asError(error).message],
        );
        await give(`${service}.log`, `${lines.join('\n')}\n`);
      }
    }),
    part('engine', async (give) => {
      // One after the other: an engine that hangs in the second still gave the first.
      await give('version.json', await sources.engine('/version'));
      await give('info.json', await sources.engine('/info'));
    }),
    part('containers', async (give) => {
      await give('containers.json', list(await sources.engine('/containers/json?all=1')).map(withoutLabels));
      await give('images.json', list(await sources.engine('/images/json')).map(withoutLabels));
      await give('networks.json', list(await sources.engine('/networks')).map(withoutLabels));
      const volumes = (await sources.engine('/volumes')) as { readonly Volumes?: unknown } | undefined;
      await give('volumes.json', list(volumes?.Volumes).map(withoutLabels));
    }),
    part('ports', async (give, signal) => giveFound(give, 'ports.json', await sources.ports(signal))),
    part('shares', async (give, signal) => giveFound(give, 'shares.json', await sources.shares(signal))),
    part('processes', async (give) => {
      const pid = sources.vm?.status.get().pid ?? (await readVmState(files.state.vm))?.pid;
      const own = ownProcesses(await findRoots(files, pid));
      const figures = await readCounters(own.map((each) => each.pid));
      await give(
        'processes.json',
        await Promise.all(own.map(async (each) => ({ ...each, command: await commandOf(each.pid), ...figures.get(each.pid) }))),
      );
    }),
    part('disk', async (give) => {
      const { bsize, blocks, bavail, files: inodes, ffree, type } = await statfs(files.root);
      const sized = async (path: string): Promise<unknown> => {
        const found = await stat(path).catch(() => undefined);
        return found === undefined ? undefined : { path, bytes: found.size, allocatedBytes: found.blocks * 512 };
      };
      await give('disk.json', {
        fileSystem: { type, totalBytes: bsize * blocks, availableBytes: bsize * bavail, inodes, freeInodes: ffree },
        files: [await sized(files.disks.data), await sized(files.suspend.memory)],
      });
    }),
    part('state', async (give) => {
      for (const folder of [files.state.folder, files.suspend.folder, files.disks.folder]) {
        for (const name of (await readdir(folder).catch((): string[] => [])).filter((each) => each.endsWith('.json'))) {
          await giveFile(give, join(folder, name), name);
        }
      }
    }),
    part('logs', async (give) => {
      for (const name of await readdir(files.logs.folder).catch((): string[] => [])) {
        if (/\.log(\.1)?$/.test(name)) {
          await give(name, await printableTail(join(files.logs.folder, name)));
        }
      }
    }),
  ];
}

/** A JSON as data, so that names decide; what is none as text. */
async function giveFile(give: Give, path: string, as: string): Promise<void> {
  const text = await readText(path);
  if (text === undefined) {
    return;
  }
  let content: unknown = text.slice(0, JSON_LIMIT);
  try {
    content = JSON.parse(text);
  } catch {
    // As it stands: that it cannot be read may be the very fault.
  }
  await give(as, content);
}

/** Without a backend some things are not known; an empty file would say that there are none. */
async function giveFound(give: Give, file: string, content: unknown): Promise<void> {
  if (content !== undefined) {
    await give(file, content);
  }
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? (value as readonly Readonly<Record<string, unknown>>[]) : [];
}

function withoutLabels({ Labels, ...rest }: Readonly<Record<string, unknown>>): unknown {
  return { ...rest, LabelNames: Object.keys(Labels ?? {}) };
}

async function commandOf(pid: number): Promise<string> {
  const line = await readText(`/proc/${pid}/cmdline`).catch(() => undefined);
  return (line ?? '').replaceAll('\0', ' ').trim().slice(0, 4000);
}
