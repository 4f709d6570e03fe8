// Why something in the guest ended, in its own words: of the many lines of a log the one that says it. Pure.

const LONGEST = 300;
const KERNEL_END = /kernel panic|out of memory|\boops\b|\bBUG:|general protection fault|double fault/i;
/** Go's runtime and the engine's own levels; what follows a panic is its stack. */
const PROGRAM_END = /^(panic|fatal error|runtime): |level=(fatal|panic)|failed to start (daemon|containerd)|^fatal: /;

/** Of the serial console, which has earlier boots too: the kernel's last word after init's, where there is one, else the last line. */
export function guestWords(lines: readonly string[]): string {
  const since = lines.slice(lines.findLastIndex((line) => line.includes('berth: ')) + 1);
  return short(since.find((line) => KERNEL_END.test(line)) ?? lines.findLast((line) => line.trim() !== '') ?? '');
}

/** `log` and `kernel` are the ends of those logs; a kill by the kernel is its words, not the service's. */
export function serviceWords(pid: number, log: readonly string[], kernel: readonly string[]): string {
  const killed = kernel.findLast((line) => line.includes(`Killed process ${pid} `) || line.includes(`[${pid}]: segfault`));
  return short(killed ?? log.find((line) => PROGRAM_END.test(line)) ?? log.findLast((line) => line.trim() !== '') ?? '');
}

/** What dockerd and containerd write around their words tells nobody anything here. */
function short(line: string): string {
  const words = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line);
  const error = /\berror="((?:[^"\\]|\\.)*)"/.exec(line);
  const plain = words?.[1] === undefined ? line : [words[1], ...(error?.[1] === undefined ? [] : [error[1]])].join(': ');
  return plain.replaceAll('\\"', '"').trim().slice(0, LONGEST);
}
