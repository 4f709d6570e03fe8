// What differs between two documents, key by key, and what putting the second in force costs. Pure.
import { classOf, costlier, own, sameJson } from '../../preload/contract';
import type { ApplyClass, ConfigChange } from '../../preload/contract';
import type { DaemonDocument } from './daemon-config';
import { maskValue } from './mask';

/** In the order of the document after, then what went away. Credentials are masked; a change of nothing but a credential is listed too. */
export function diffDocuments(before: DaemonDocument, after: DaemonDocument): ConfigChange[] {
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
    .map((key) => ({ key, was: own(before, key), is: own(after, key) }))
    .filter(({ was, is }) => !sameJson(was, is))
    .map(({ key, was, is }) => ({
      key,
      ...(was !== undefined && { before: maskValue(was, [key]) }),
      ...(is !== undefined && { after: maskValue(is, [key]) }),
      class: classOf(key, was, is),
    }));
}

/**
 * The costliest of the changes. A restart keeps containers only where live-restore was on before and is on after: dockerd stops them at its end
 * without the one, at its start without the other.
 */
export function classOfChanges(changes: readonly ConfigChange[], before: DaemonDocument, after: DaemonDocument): ApplyClass {
  const costliest = changes.reduce<ApplyClass>((result, change) => costlier(result, change.class), 'none');
  const kept = before['live-restore'] === true && after['live-restore'] === true;
  return costliest === 'restart' && !kept ? 'disruptive' : costliest;
}
