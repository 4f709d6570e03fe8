// What is cut off in the guest and what must never be; that a broken address stays a word. The rules themselves are tested in test/vm.
import { expect, test } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createCutOff, TEST_PORTS } from './cut-off';
import type { CutOff } from './cut-off';

const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'silent.example': ['203.0.113.5', '2001:db8::5'],
  'shared.example': ['203.0.113.9'],
  'good.example': ['203.0.113.9'],
  'registry-1.docker.io': ['203.0.113.77'],
  'hub-address.example': ['203.0.113.77'],
};

function bench(): { readonly cutOff: CutOff; readonly scripts: string[] } {
  const scripts: string[] = [];
  const cutOff = createCutOff({
    log: silentLogger,
    exec: (command) => {
      if (typeof command === 'string') {
        scripts.push(command);
        return Promise.resolve({ stdout: '', stderr: '', code: 0 });
      }
      const stdout = (HOSTS[command[2] ?? ''] ?? []).map((address) => `${address}  STREAM name\n${address}  DGRAM\n`).join('');
      return Promise.resolve({ stdout, stderr: '', code: stdout === '' ? 2 : 0 });
    },
  });
  return { cutOff, scripts };
}

test('new connections are refused and those that stand are broken, in both families; our own tests pass', async () => {
  const { cutOff, scripts } = bench();
  await cutOff.set(['https://silent.example:8443'], []);
  const [script = ''] = scripts;
  expect(script).toMatch(/^iptables -A .*--ctorigdst 203\.0\.113\.5 --ctorigdstport 8443 .*-j REJECT/m);
  expect(script).toMatch(/^ip6tables -A .*--ctorigdst 2001:db8::5 --ctorigdstport 8443 .*-j REJECT/m);
  expect(script).toMatch(/^iptables -A .*--ctorigdst 203\.0\.113\.5 .*--ctstate DNAT .*icmp-port-unreachable\niptables -A .*tcp-reset$/m);
  expect(script).toMatch(/^ss -K dst '203\.0\.113\.5' dport = :8443/m);
  expect(
    script
      .split('\n')
      .filter((line) => line.includes(' -A '))
      .every((line) => line.includes(`! --sport ${TEST_PORTS.first}:`)),
  ).toBe(true);
});

test('an address that a mirror in force or Docker Hub has too is left alone', async () => {
  const { cutOff, scripts } = bench();
  await cutOff.set(['https://shared.example', 'https://hub-address.example'], ['https://good.example']);
  expect(scripts.join('\n')).not.toMatch(/ -A | -K /);
});

test('the end of it empties the rules, and only where there are some', async () => {
  const { cutOff, scripts } = bench();
  await cutOff.set([], []);
  expect(scripts).toEqual([]);
  await cutOff.set(['https://silent.example'], []);
  await cutOff.set([], []);
  expect(scripts).toHaveLength(2);
  expect(scripts[1]).toMatch(/iptables -F/);
  expect(scripts[1]).not.toMatch(/ -A /);
});

test('what a resolver says is believed as an address only', async () => {
  const scripts: string[] = [];
  const cutOff = createCutOff({
    log: silentLogger,
    exec: (command) => {
      if (typeof command === 'string') {
        scripts.push(command);
      }
      return Promise.resolve({ stdout: '$(reboot) STREAM x\n203.0.113.1;reboot STREAM\n', stderr: '', code: 0 });
    },
  });
  await cutOff.set(['https://silent.example'], []);
  expect(scripts.join('\n')).not.toContain('reboot');
});
