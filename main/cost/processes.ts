// Everything that Berth runs: this process and those below it, and what an earlier backend started, which is below nobody. Whose each is follows
// from its command line. Knows no figures. Where there is no /proc only the named ones are known.
import { join } from 'node:path';
import type { CostPart } from '../../preload/contract';
import { names, read, statFields } from './counters';

export interface OwnProcess {
  readonly pid: number;
  readonly part: CostPart;
}

export interface ProcessRoots {
  readonly backend: number;
  readonly vm: number | undefined;
  /** Servers of shares and passt, of an earlier backend too. */
  readonly others: readonly OwnProcess[];
}

/** By the program's name in the command line: the bundle's programs are started by its loader, so that the first word says nothing. */
const programs: readonly (readonly [RegExp, CostPart])[] = [
  [/(^|[/\0])(virtiofsd|share-keeper|share-watch)(\0|$)/, 'shares'],
  [/(^|[/\0])passt(\.\w+)?(\0|$)/, 'network'],
  [/(^|[/\0])qemu-system-\w+(\0|$)/, 'vm'],
  [/\0--type=/, 'window'],
];

export function ownProcesses(roots: ProcessRoots, proc = '/proc'): readonly OwnProcess[] {
  const found = new Map<number, CostPart>();
  const terminal = statFields(read(join(proc, String(roots.backend), 'stat')))?.[4];
  const add = (pid: number, part: CostPart): void => {
    if (found.has(pid)) {
      return;
    }
    found.set(pid, part);
    for (const child of childrenOf(pid, proc)) {
      const kind = partOf(child, { terminal, parent: part }, proc);
      if (kind !== undefined) {
        add(child, kind);
      }
    }
  };
  if (roots.vm !== undefined) {
    add(roots.vm, 'vm');
  }
  roots.others.forEach(({ pid, part }) => add(pid, part));
  add(roots.backend, 'backend');
  return [...found].map(([pid, part]) => ({ pid, part }));
}

/** undefined: a shell of the window's terminal, and what the user runs in it, is the user's. */
function partOf(
  pid: number,
  { terminal, parent }: { readonly terminal?: string | undefined; readonly parent: CostPart },
  proc: string,
): CostPart | undefined {
  const fields = statFields(read(join(proc, String(pid), 'stat')));
  const command = read(join(proc, String(pid), 'cmdline'));
  if (fields === undefined || command === undefined || (fields[4] !== '0' && fields[4] !== terminal)) {
    return undefined;
  }
  const known = programs.find(([pattern]) => pattern.test(command))?.[1];
  return known ?? (parent === 'backend' ? 'tools' : parent);
}

/** Any thread may have started one. */
function childrenOf(pid: number, proc: string): readonly number[] {
  const tasks = join(proc, String(pid), 'task');
  return names(tasks)
    .flatMap((thread) => (read(join(tasks, thread, 'children')) ?? '').trim().split(' '))
    .filter((child) => child !== '')
    .map(Number);
}
