// The rules against the engine itself: what `dockerd --validate` in the guest says of documents, beside what Berth says of them.
import { describe, expect, test } from 'vitest';
import { checkText } from '../../main/daemon-config/check';
import { badDocuments } from '../fakes/daemon-documents';
import { goodDocuments, unknownDocuments } from '../fakes/daemon-good-documents';
import { useVm } from './harness';

const box = useVm();

/** As the guest's init starts it (vm/guest/service.c), so that a key which is also a flag is refused alike. */
const FLAGS = '--containerd /run/containerd/containerd.sock --host unix:///run/docker.sock --group root --pidfile /run/docker.pid';

/** All through one command: a document a line, in base64. What dockerd says of each, in order; '' where it takes it. */
async function validate(texts: readonly string[]): Promise<readonly string[]> {
  const script = `file=$(mktemp) && while read -r line; do
    printf %s "$line" | base64 -d > "$file"
    if words=$(dockerd --validate --config-file "$file" ${FLAGS} 2>&1); then echo; else printf '%s\\n' "$words" | tail -n 1; fi
  done; rm -f "$file"`;
  const stdin = texts.map((text) => `${Buffer.from(text).toString('base64')}\n`).join('');
  const { stdout, stderr, code } = await box().vm.exec(script, { stdin });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.split('\n').slice(0, texts.length);
}

/** Good documents put together, as many keys as go in one: each run of dockerd takes more than a second under emulation. */
function merged(): readonly string[] {
  const groups: Record<string, unknown>[] = [];
  for (const { text } of goodDocuments) {
    const document = JSON.parse(text) as Record<string, unknown>;
    const group = groups.find(
      (one) =>
        !Object.keys(document).some((key) => key in one) &&
        checkText(JSON.stringify({ ...one, ...document })).problems.every(({ severity }) => severity === 'warning'),
    );
    if (group === undefined) {
      groups.push(document);
    } else {
      Object.assign(group, document);
    }
  }
  return groups.map((group) => JSON.stringify(group));
}

describe('dockerd --validate', { timeout: 600_000 }, () => {
  test('takes every document of the good corpus', async () => {
    const texts = merged();
    expect(texts.length).toBeLessThan(goodDocuments.length / 2);
    const words = await validate(texts);
    expect(texts.map((text, index) => ({ text, words: words[index] })).filter((one) => one.words !== '')).toEqual([]);
  });

  test('refuses nothing that Berth lets pass without a question', async () => {
    const bad = badDocuments.filter(({ text }, index) => text.length < 1000 && index % 12 === 0);
    const texts = [...odd, ...unknownDocuments.map(({ text }) => text), ...bad.map(({ text }) => text)];
    expect(texts.length).toBeGreaterThan(60);
    const words = await validate(texts);
    const missed = texts
      .map((text, index) => ({ text, words: words[index] }))
      .filter((one) => one.words !== '' && checkText(one.text).problems.length === 0);
    expect(missed).toEqual([]);
    // The other half of the proof: dockerd did refuse many, so the script does what it says.
    expect(words.filter((one) => /unable to configure the Docker daemon|conflict labels/.test(one)).length).toBeGreaterThan(25);
  });
});

/** Right and wrong at random, whatever Berth thinks of them. */
const odd = [
  '{"dns-search": ["a.example", "b"]}',
  '{"labels": ["a=1", "a=1"]}',
  '{"labels": ["a=1", "a=2"]}',
  '{"log-level": "Info"}',
  '{"log-format": ""}',
  '{"default-shm-size": ""}',
  '{"default-shm-size": "1"}',
  '{"fixed-cidr-v6": "fe80::/64"}',
  '{"fixed-cidr-v6": "fd00::5/64"}',
  '{"max-concurrent-uploads": 0}',
  '{"shutdown-timeout": -1}',
  '{"features": {}}',
  '{"builder": {"GC": {"Enabled": false}}}',
  '{"builder": {"gc": {"policy": [{"filter": []}]}}}',
  '{"runtimes": {"a": {"path": "b"}}}',
  '{"exec-opts": [" native.cgroupdriver = cgroupfs "]}',
  '{"node-generic-resources": ["a=1", "b=x"]}',
  '{"proxies": {}}',
  '{"proxies": {"debug": true}}',
  '{"default-network-opts": {}}',
];
