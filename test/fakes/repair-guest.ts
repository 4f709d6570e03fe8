// A repair guest without a VM: a data disk that is whole or not, and the tools that are asked about it, in the words that the real ones use.
import { PassThrough } from 'node:stream';
import type { ExecOptions, ExecResult } from '../../main/ssh/connection';
import type { RepairGuest, RepairGuestOptions } from '../../main/vm/repair-guest';

export interface FakeDisk {
  uuid: string;
  /** `superblock`: only a copy of it can be read. `nothing`: not even that. */
  state: 'whole' | 'damaged' | 'superblock' | 'nothing';
  /** e2fsck gives up. */
  readonly hopeless?: boolean;
  /** As after a power cut: a look that does not replay it takes it for damage. */
  readonly journal?: boolean;
  /** Names of volumes, as the disk has them. */
  readonly volumes?: readonly string[];
  /** tar fails on these. */
  readonly unreadable?: readonly string[];
}

export interface FakeRepairGuest {
  /** How each guest had the disk, in order. */
  readonly boots: RepairGuestOptions['disk'][];
  readonly commands: string[];
  guest(options: RepairGuestOptions): Promise<RepairGuest>;
}

export function createFakeRepairGuest(disk: FakeDisk): FakeRepairGuest {
  const boots: RepairGuestOptions['disk'][] = [];
  const commands: string[] = [];

  function answer(
    command: string,
    access: RepairGuestOptions['disk'],
    options: ExecOptions,
    scratch: { mended: boolean; replayed: boolean },
  ): ExecResult {
    const say = (code: number, stdout: string, stderr = ''): ExecResult => {
      options.onStderr?.(Buffer.from(stderr));
      return { code, stdout, stderr };
    };
    const state = scratch.mended ? 'whole' : disk.state;
    if (command.includes('berth-data')) {
      return say(0, '/dev/vdb\n');
    }
    if (command.startsWith("'dumpe2fs'")) {
      const readable = state === 'whole' || state === 'damaged' || (state === 'superblock' && command.includes('superblock=32768'));
      return readable
        ? say(0, `Filesystem volume name:   berth-data\nFilesystem UUID:          ${disk.uuid}\n`)
        : say(1, '', 'Bad magic number\n');
    }
    if (command.startsWith("'e2fsck'") && command.includes("'-y'")) {
      if (disk.hopeless === true || state === 'nothing') {
        return say(8, '', 'e2fsck: aborted\n');
      }
      scratch.mended = true;
      if (access === 'writable') {
        disk.state = 'whole';
      }
      return say(1, '', '/dev/vdb: ***** FILE SYSTEM WAS MODIFIED *****\n');
    }
    if (command.startsWith("'e2fsck'")) {
      if (command.includes('journal_only')) {
        scratch.replayed = command.includes("'-p'");
        return scratch.replayed ? say(0, '') : say(8, '', 'e2fsck: need terminal for interactive repairs\n');
      }
      const clean = state === 'whole' && (disk.journal !== true || scratch.replayed);
      return say(clean ? 0 : 4, '', clean ? '' : 'Free blocks count wrong\n');
    }
    if (command.startsWith("'mount'")) {
      return state === 'whole' || state === 'damaged' ? say(0, '') : say(32, '', 'mount: wrong fs type\n');
    }
    if (command.startsWith('cd /data/docker/volumes')) {
      return say(0, `${(disk.volumes ?? []).join('\n')}\n`);
    }
    if (command.startsWith('cat /run/save.status')) {
      const tar = commands.findLast((each) => each.startsWith("'tar'")) ?? '';
      return say(0, (disk.unreadable ?? []).some((name) => tar.includes(`/${name}/`)) ? '2\ntar: Input/output error\n' : '0\n\n');
    }
    if (command.includes('setsid dockerd')) {
      return say(1, '', 'failed to start daemon: invalid database\n');
    }
    return say(0, '');
  }

  return {
    boots,
    commands,
    guest({ disk: access }) {
      boots.push(access);
      const scratch = { mended: false, replayed: false };
      return Promise.resolve({
        exec(command, options = {}) {
          commands.push(command);
          return Promise.resolve(answer(command, access, options, scratch));
        },
        execStream(command) {
          commands.push(command);
          const stream = new PassThrough();
          stream.end(`archive of ${command.length}`);
          return Promise.resolve(stream);
        },
        end: () => Promise.resolve(),
      });
    },
  };
}
