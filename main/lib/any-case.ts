// Fields of bodies of Docker's API by their names in small letters: dockerd's JSON reader ignores the case of keys, so whoever looks for one must
// too, and may find it more than once. Pure.
import { isObject } from './json';

export function valuesAt(parent: unknown, lowerKey: string): unknown[] {
  return isObject(parent)
    ? Object.entries(parent)
        .filter(([key]) => key.toLowerCase() === lowerKey)
        .map(([, value]) => value)
    : [];
}

export function objectsAt(parent: unknown, lowerKey: string): Record<string, unknown>[] {
  return valuesAt(parent, lowerKey).filter(isObject);
}

export function arraysAt(parent: unknown, lowerKey: string): unknown[][] {
  return valuesAt(parent, lowerKey).filter((value): value is unknown[] => Array.isArray(value));
}
