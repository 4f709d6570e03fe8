// Every file and folder that may exist in a home, in one place. Creating them is the business of whoever owns them.
import { join } from 'node:path';

/** Of the home's layout and of the data disk's; a newer number is refused untouched. */
export const HOME_FORMAT = 1;

export interface HomeFiles {
  readonly root: string;
  readonly format: string;
  readonly lock: string;
  readonly settings: string;
  /** The engine's configuration, the user's own document; the last good one lies beside it. */
  readonly daemonJson: string;
  readonly keys: {
    readonly folder: string;
    readonly client: string;
    readonly clientPublic: string;
    readonly host: string;
    readonly hostPublic: string;
  };
  /** `scratch` takes what a repair writes to a disk that it only reads. */
  readonly disks: { readonly folder: string; readonly data: string; readonly record: string; readonly scratch: string };
  /**
   * The memory of a suspended VM; private. `saving` becomes `memory` when it is whole, and `using` for the one time that it is used; `devices` is
   * what QEMU saved beside it.
   */
  readonly suspend: {
    readonly folder: string;
    readonly saving: string;
    readonly memory: string;
    readonly using: string;
    readonly devices: string;
    readonly record: string;
  };
  /** Certificates and proxies; private. */
  readonly trust: string;
  /** The list of mirrors with names, notes and results; which of them are in force is the engine's configuration's. */
  readonly mirrors: string;
  readonly logs: {
    readonly folder: string;
    readonly berth: string;
    readonly serial: string;
    readonly qemu: string;
    readonly guest: string;
    readonly shares: string;
  };
  /** Guests and QEMUs that an upgrade of the application must not take away. */
  readonly system: string;
  /** What `diagnostics` gathered, until it is saved or thrown away. */
  readonly diagnostics: string;
  readonly state: {
    readonly folder: string;
    /** Which guest and QEMU are current, which were before, which is tried. */
    readonly system: string;
    readonly vm: string;
    readonly boots: string;
    readonly accelerators: string;
    readonly checksums: string;
    readonly window: string;
    readonly configJournal: string;
    readonly configHistory: string;
    readonly configGuest: string;
    /** What repairs did, the last ones. */
    readonly repairs: string;
    /** What was changed outside of the home: contexts, the system's socket. */
    readonly connect: string;
    /** What Berth cost in the last hour and day; worth nothing to anybody else, and begun anew where it is damaged. */
    readonly cost: string;
    /** One file for each server of a share that runs. */
    readonly shares: string;
    /** Who owns what in the folders that are shared by SFTP, as containers see it. */
    readonly owners: string;
  };
  /** Chromium's own folder: cache, local storage, the lock of the single instance. */
  readonly electron: string;
  /** Sockets: in `run`, or in a shorter folder when the home is too deep (main/lib/run-folder.ts decides). */
  readonly run: RunFiles;
}

export interface RunFiles {
  readonly folder: string;
  readonly docker: string;
  readonly control: string;
  readonly qmp: string;
  readonly agent: string;
}

export function homeFiles(root: string, runFolder: string): HomeFiles {
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    format: at('format'),
    lock: at('lock'),
    settings: at('settings.json'),
    daemonJson: at('daemon.json'),
    keys: {
      folder: at('keys'),
      client: at('keys', 'client'),
      clientPublic: at('keys', 'client.pub'),
      host: at('keys', 'host'),
      hostPublic: at('keys', 'host.pub'),
    },
    disks: { folder: at('disks'), data: at('disks', 'data.raw'), record: at('disks', 'data.json'), scratch: at('disks', 'scratch.qcow2') },
    suspend: {
      folder: at('suspend'),
      saving: at('suspend', 'saving'),
      memory: at('suspend', 'memory'),
      using: at('suspend', 'using'),
      devices: at('suspend', 'devices'),
      record: at('suspend', 'record.json'),
    },
    trust: at('trust'),
    mirrors: at('mirrors.json'),
    logs: {
      folder: at('logs'),
      berth: at('logs', 'berth.log'),
      serial: at('logs', 'serial.log'),
      qemu: at('logs', 'qemu.log'),
      guest: at('logs', 'guest.log'),
      shares: at('logs', 'shares.log'),
    },
    system: at('system'),
    diagnostics: at('diagnostics'),
    state: {
      folder: at('state'),
      system: at('state', 'system.json'),
      vm: at('state', 'vm.json'),
      boots: at('state', 'boots.json'),
      accelerators: at('state', 'accelerators.json'),
      checksums: at('state', 'checksums.json'),
      window: at('state', 'window.json'),
      configJournal: at('state', 'config-journal.json'),
      configHistory: at('state', 'config-history.json'),
      configGuest: at('state', 'config-guest.json'),
      repairs: at('state', 'repairs.json'),
      connect: at('state', 'connect.json'),
      cost: at('state', 'cost.ring'),
      shares: at('state', 'shares'),
      owners: at('state', 'owners'),
    },
    electron: at('electron'),
    run: runFiles(runFolder),
  };
}

export function runFiles(folder: string): RunFiles {
  return {
    folder,
    docker: join(folder, 'docker.sock'),
    control: join(folder, 'control.sock'),
    qmp: join(folder, 'qmp.sock'),
    agent: join(folder, 'agent.sock'),
  };
}
