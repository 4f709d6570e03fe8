import { expect, test } from 'vitest';
import { fieldAt, offersAt } from './completion';

/** `|` is the cursor. */
function at(marked: string) {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const found = offersAt(text, offset);
  return {
    labels: found?.offers.map(({ label }) => label) ?? [],
    apply: (label: string): string => {
      const offer = found?.offers.find((each) => each.label === label);
      return offer === undefined || found === undefined ? '' : text.slice(0, found.from) + offer.insert + text.slice(found.to);
    },
  };
}

test('keys of the top that are not there yet, and none of Berth’s own', () => {
  const { labels, apply } = at('{ "bip": "172.17.0.1/16", | }');
  expect(labels).toContain('live-restore');
  expect(labels).not.toContain('bip');
  expect(labels).not.toContain('data-root');
  expect(JSON.parse(apply('live-restore'))).toEqual({ bip: '172.17.0.1/16', 'live-restore': true });
});

test('a key that is being written is replaced, quotes and all, also where its value stands already', () => {
  expect(JSON.parse(at('{ "li|" }').apply('live-restore'))).toEqual({ 'live-restore': true });
  expect(JSON.parse(at('{ "li|": false }').apply('live-restore'))).toEqual({ 'live-restore': false });
  expect(JSON.parse(at('{\n  "li|"\n  "debug": true\n}').apply('live-restore'))).toEqual({ 'live-restore': true, debug: true });
  expect(at('{ li| }').apply('live-restore')).toBe('{ "live-restore": true }');
});

test('keys of an object below, and of a list of objects', () => {
  expect(at('{ "default-address-pools": [{ "base": "10.0.0.0/8", | }] }').labels).toEqual(['size']);
  expect(at('{ "builder": { "gc": { | } } }').labels).toContain('defaultReservedSpace');
  expect(at('{ "default-ulimits": { "nofile": { "Soft": 1, | } } }').labels).toContain('Hard');
});

test('options of log-opts are those of the driver', () => {
  expect(at('{ "log-opts": { | } }').labels).toContain('max-file');
  expect(at('{ "log-driver": "journald", "log-opts": { "tag": "x", "m|": "" } }').labels).not.toContain('max-file');
});

test('values where there are some', () => {
  expect(at('{ "debug": | }').labels).toEqual(['true', 'false']);
  expect(at('{ "log-level": "|" }').labels).toContain('"warn"');
  expect(JSON.parse(at('{ "log-level": "in|" }').apply('"warn"'))).toEqual({ 'log-level': 'warn' });
  expect(at('{ "dns-opts": ["|"] }').labels).toContain('"rotate"');
  expect(at('{ "nonsense": | }').labels).toEqual([]);
});

test('the table’s entry for a place', () => {
  expect(fieldAt(['default-ulimits', 'nofile', 'Soft'])?.type).toBe('integer');
  expect(fieldAt(['default-address-pools', 0, 'base'])?.type).toBe('string');
  expect(fieldAt(['default-address-pools', 0])).toBeUndefined();
  expect(fieldAt(['builder', 'gc', 'enabled'])?.type).toBe('boolean');
});
