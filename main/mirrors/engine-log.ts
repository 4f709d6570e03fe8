// What dockerd's log says about mirrors: that one failed a pull, and mostly which. The only place where dockerd tells; a pull's own answer never does. Pure.

/** Lines of moby 28's classic store and of containerd's resolver (the containerd image store), as logrus writes them. */
const CLASSIC = /msg="Attempting next endpoint for pull after error: (.*)/;
const CLASSIC_HOST = /\bhttps?:\/\/([^/\s"\\]+)\//;
const CONTAINERD = /msg="trying next host(?: - [^"]*)?".*?\bhost="?([^\s"]+)"?/;
const TIME = /\btime="([^"]+)"/;

export interface MirrorFailure {
  /** By the guest's clock. */
  readonly at: number;
  readonly store: 'classic' | 'containerd';
  /** host[:port]; some of the classic store's errors (`toomanyrequests: …`) name none. */
  readonly host?: string;
}

export function failuresIn(lines: readonly string[]): readonly MirrorFailure[] {
  return lines.flatMap((line): readonly MirrorFailure[] => {
    const at = timeOf(line);
    const words = CLASSIC.exec(line)?.[1];
    const host = words === undefined ? CONTAINERD.exec(line)?.[1] : CLASSIC_HOST.exec(words)?.[1];
    if (at === undefined || (words === undefined && host === undefined)) {
      return [];
    }
    return [{ at, store: words === undefined ? 'containerd' : 'classic', ...(host === undefined ? {} : { host }) }];
  });
}

/** Whether the lines, of which the guest keeps so many bytes, go back behind a moment: only then does what is not in them not exist. */
export function reachesBack(lines: readonly string[], to: number): boolean {
  const first = lines.map(timeOf).find((at) => at !== undefined);
  return first !== undefined && first < to;
}

function timeOf(line: string): number | undefined {
  const at = Date.parse(TIME.exec(line)?.[1] ?? '');
  return Number.isNaN(at) ? undefined : at;
}
