// What dockerd's log says about mirrors: which of them failed a pull. The only place where dockerd names them; a pull's own answer never does. Pure.

/** Lines of moby 28's classic store and of containerd's resolver (the containerd image store), as logrus writes them. */
const CLASSIC = /msg="Attempting next endpoint for pull after error: .*?\bhttps?:\/\/([^/\s"\\]+)\/(?:v2|token)\b/;
const CONTAINERD = /msg="trying next host(?: - [^"]*)?".*?\bhost="?([^\s"]+)"?/;
const TIME = /\btime="([^"]+)"/;

export interface MirrorFailure {
  readonly at: number;
  /** host[:port] */
  readonly host: string;
  readonly line: string;
}

export function failuresIn(lines: readonly string[]): readonly MirrorFailure[] {
  return lines.flatMap((line) => {
    const host = (CLASSIC.exec(line) ?? CONTAINERD.exec(line))?.[1];
    const at = timeOf(line);
    return host === undefined || at === undefined ? [] : [{ at, host, line }];
  });
}

/** Whether the lines go back behind a moment: only then does what is not in them not exist. */
export function reachesBack(lines: readonly string[], asked: number, to: number): boolean {
  const first = lines.map(timeOf).find((at) => at !== undefined);
  return lines.length < asked || (first !== undefined && first < to);
}

function timeOf(line: string): number | undefined {
  const at = Date.parse(TIME.exec(line)?.[1] ?? '');
  return Number.isNaN(at) ? undefined : at;
}
