// The model of dockerd's rules, compiled for this machine with sanitizers: against what the real iptables answered at a start of dockerd 28.5.2
// (test/dockerd-start.txt: status and command, recorded in a guest without any rules), and what it must not be sure of.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'berth-rules-'));
const program = join(folder, 'check');

beforeAll(() => {
  const sources = ['rules.c', 'text.c', 'json.c', '../test/rules-check.c'].map((name) => join(import.meta.dirname, name));
  const flags = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover'];
  execFileSync('gcc', [...flags, '-o', program, ...sources]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const UNKNOWN = -1;

function answer(commands: readonly string[]): {
  readonly statuses: readonly number[];
  readonly words: readonly string[];
  readonly restored: string;
} {
  const [answers = '', restored = ''] = execFileSync(program, { input: commands.map((line) => `${line}\n`).join('') })
    .toString()
    .split('--\n');
  const lines = answers.split('\n').slice(0, -1);
  return {
    statuses: lines.map((line) => Number(line.split(' ')[0])),
    words: lines.map((line) => line.slice(line.indexOf(' ') + 1)),
    restored,
  };
}

const last = (...commands: readonly string[]): number => answer(commands).statuses.at(-1) ?? NaN;

describe('a start of dockerd', () => {
  const record = readFileSync(join(import.meta.dirname, '../test/dockerd-start.txt'), 'utf8')
    .trim()
    .split('\n');
  const family = (name: string): readonly { readonly failed: boolean; readonly command: string }[] =>
    record.flatMap((line) => (line.slice(2).startsWith(`${name} `) ? [{ failed: !line.startsWith('0'), command: line.slice(2) }] : []));

  test.each(['iptables', 'ip6tables'])('%s is answered as the real one did', (name) => {
    const real = family(name);
    expect(real.length).toBeGreaterThan(50);
    const { statuses } = answer(real.map(({ command }) => command));
    expect(statuses.map((status, i) => `${status === 0 ? 'ok' : status === UNKNOWN ? 'unknown' : 'failed'}: ${real[i]?.command}`)).toEqual(
      real.map(({ failed, command }) => `${failed ? 'failed' : 'ok'}: ${command}`),
    );
  });

  test('its rules are restored in their order, chains first', () => {
    expect(answer(family('ip6tables').map(({ command }) => command)).restored).toBe(
      [
        '*filter',
        ...[
          'DOCKER',
          'DOCKER-FORWARD',
          'DOCKER-BRIDGE',
          'DOCKER-CT',
          'DOCKER-ISOLATION-STAGE-1',
          'DOCKER-ISOLATION-STAGE-2',
          'DOCKER-USER',
        ].map((chain) => `:${chain} - [0:0]`),
        '-I FORWARD 1 -j DOCKER-USER',
        '-I FORWARD 2 -j DOCKER-FORWARD',
        '-A DOCKER-FORWARD -j DOCKER-CT',
        '-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1',
        '-A DOCKER-FORWARD -j DOCKER-BRIDGE',
        'COMMIT',
        '*nat',
        ':DOCKER - [0:0]',
        '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
        '-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER ! --dst ::1/128',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });
});

describe('the model', () => {
  test('without rules restores nothing', () => {
    expect(answer(['iptables -t nat -D PREROUTING', 'iptables -F DOCKER', 'iptables -t filter -n -L FORWARD'])).toEqual({
      statuses: [1, 1, 0],
      words: ['Bad rule (does a matching rule exist in that chain?).', 'No chain/target/match by that name.', ''],
      restored: '',
    });
  });

  test('keeps rules that are the same twice, and takes one away at a time', () => {
    const rule = 'FORWARD -i a -j ACCEPT';
    expect(answer([`iptables -A ${rule}`, `iptables -I ${rule}`, `iptables -D ${rule}`]).restored).toBe(`*filter\n-A ${rule}\nCOMMIT\n`);
  });

  test('counts places in each chain, whatever is between', () => {
    const { restored } = answer([
      'iptables -I FORWARD -i c -j DROP',
      'iptables -I INPUT -i b -j DROP',
      'iptables -A FORWARD -i z -j DROP',
      'iptables -I FORWARD -i a -j DROP',
      'iptables -I INPUT -i a -j DROP',
    ]);
    expect(restored.split('\n').filter((line) => line.includes('FORWARD'))).toEqual([
      '-I FORWARD 1 -i a -j DROP',
      '-I FORWARD 2 -i c -j DROP',
      '-A FORWARD -i z -j DROP',
    ]);
    expect(restored).toContain('-I INPUT 1 -i a -j DROP\n-I INPUT 2 -i b -j DROP\n');
  });

  test('a chain that another’s name begins with is another chain', () => {
    const chains = ['iptables -N DOCKER', 'iptables -N DOCKER-USER', 'iptables -A DOCKER-USER -j RETURN'];
    expect(answer([...chains, 'iptables -F DOCKER', 'iptables -X DOCKER', 'iptables -N DOCKER-USER']).statuses).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test.each([
    ['a table it knows nothing of', ['iptables -t raw -A PREROUTING -d 172.17.0.2 ! -i docker0 -j DROP']],
    ['a policy', ['iptables -P FORWARD DROP']],
    ['a place', ['iptables -I FORWARD 2 -j DROP'], ['iptables -D FORWARD 1']],
    ['an option', ['iptables -v -L FORWARD'], ['iptables --version'], ['iptables -S']],
    ['all chains', ['iptables -L'], ['iptables -F'], ['iptables -X']],
    ['what the kernel’s own chain holds', ['iptables -F FORWARD'], ['iptables -X FORWARD']],
    ['a target of somebody’s', ['iptables -A FORWARD -j NOBODY'], ['iptables -A FORWARD -j REJECT']],
    ['a rule without a target', ['iptables -A FORWARD -i docker0'], ['iptables -A FORWARD -i docker0 -j']],
    [
      'a chain that is used, or not empty',
      ['iptables -N A', 'iptables -A FORWARD -j A', 'iptables -X A'],
      ['iptables -N A', 'iptables -A A -j DROP', 'iptables -X A'],
    ],
    ['words that need quotes', ['iptables -A FORWARD -m comment --comment "x -j ACCEPT']],
    ['too many words', [`iptables -A FORWARD ${'-i a '.repeat(300)}-j DROP`]],
    ['nothing', ['iptables'], ['iptables -t'], ['iptables -A'], ['iptables -t nat -N'], ['']],
  ])('is not sure of %s', (_, ...cases) => {
    expect(cases.map((commands) => last(...commands))).toEqual(cases.map(() => UNKNOWN));
  });
});
