// The mirrors of a daemon.json, in the shape that the list has them. Pure.
import type { DaemonDocument } from '../daemon-config/daemon-config';
import { checkMirrorUrl, withoutSlash } from './entries';

/** What dockerd takes and we do not (a path) is kept as it was written. */
export function mirrorsOf(document: DaemonDocument): readonly string[] {
  const found = document['registry-mirrors'];
  const texts = Array.isArray(found) ? found.filter((each): each is string => typeof each === 'string' && each !== '') : [];
  return texts.map((text) => {
    const { url, error } = checkMirrorUrl(text);
    return error === undefined ? url : withoutSlash(text);
  });
}

/** A document that never named mirrors is left as it is when there are none. */
export function withMirrors(document: DaemonDocument, urls: readonly string[]): DaemonDocument {
  const none = urls.length === 0 && !Object.hasOwn(document, 'registry-mirrors');
  return none || urls.join('\n') === mirrorsOf(document).join('\n') ? document : { ...document, 'registry-mirrors': [...urls] };
}
