// What pjdfstest may find wrong on a bind mount, and why; docs/shares.md says the same in words. Anything else is a failure of ours.

export interface Exception {
  readonly tests: RegExp;
  readonly why: string;
}

export const exceptions: readonly Exception[] = [
  {
    tests: /^\S+::block$|^mknod::(changed_times_success|device_files)::char$/,
    why: 'a device node, which no ordinary user can make on the host; the test needs one before it tests anything',
  },
  {
    tests: /^link::link_count_max$/,
    why: 'the test counts to the limit that pathconf tells, and musl’s says 8 for every file system; fails on ext4 too',
  },
];

/** The names of failed tests, those of no exception first. */
export function judge(failed: readonly string[]): {
  readonly unexplained: readonly string[];
  readonly explained: ReadonlyMap<Exception, number>;
} {
  const explained = new Map<Exception, number>();
  const unexplained = failed.filter((name) => {
    const found = exceptions.find(({ tests }) => tests.test(name));
    if (found) {
      explained.set(found, (explained.get(found) ?? 0) + 1);
    }
    return !found;
  });
  return { unexplained, explained };
}
