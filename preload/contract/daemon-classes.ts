// What a change of the engine's configuration costs, from the table of keys: the class depends on the value as well as on the key.
import { daemonKey } from './daemon-keys';
import type { ApplyClass } from './daemon-keys';

/** Features that dockerd reads at its start only, though the key reloads. */
const featureClasses: Readonly<Record<string, Exclude<ApplyClass, 'none'>>> = { 'containerd-snapshotter': 'disruptive', cdi: 'restart' };
const order: readonly ApplyClass[] = ['none', 'reload', 'restart', 'disruptive'];

export function costlier(a: ApplyClass, b: ApplyClass): ApplyClass {
  return order.indexOf(a) < order.indexOf(b) ? b : a;
}

/** What a change of one key costs; undefined = not set. A value that equals dockerd's default is no change against none. */
export function classOf(name: string, before: unknown, after: unknown): ApplyClass {
  const key = daemonKey(name);
  const was = before ?? key?.default;
  const is = after ?? key?.default;
  if (sameJson(was, is)) {
    return 'none';
  }
  if (name === 'features') {
    return featuresClass(asRecord(was), asRecord(is));
  }
  // A key that the table does not know is one of a newer dockerd, and nothing is known of its reload.
  return key?.apply ?? 'restart';
}

function featuresClass(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): ApplyClass {
  const defaults = daemonKey('features')?.fields ?? [];
  let result: ApplyClass = 'none';
  for (const feature of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const standard = defaults.find(({ name }) => name === feature)?.default;
    if (!sameJson(own(before, feature) ?? standard, own(after, feature) ?? standard)) {
      result = costlier(result, own(featureClasses, feature) ?? 'reload');
    }
  }
  return result;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A name of a user's document may be one of Object's own: `constructor`, `__proto__`. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Deep, whatever the order of an object's keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b);
  }
  const [left, right] = [Object.entries(a), Object.keys(b)];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && sameJson(value, (b as Record<string, unknown>)[key]))
  );
}
