// Image references as dockerd's grammar has them: enough to refuse nonsense before a task begins, and to name what a pull asks for.
import { BerthError } from '../../preload/contract';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DOMAIN = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?<tag>:[\\w][\\w.-]{0,127})?(?<digest>@[A-Za-z][\\w+.-]*:[0-9a-fA-F]{32,})?$`,
);

export interface PullReference {
  readonly fromImage: string;
  readonly tag: string;
}

/** Without a tag dockerd would pull every tag there is; the docker command takes `latest`, and so do we. */
export function parseReference(reference: string): PullReference {
  const found = REFERENCE.exec(reference);
  if (found === null) {
    throw new BerthError('engine.badReference', { reference, detail: 'invalid reference format' });
  }
  const tag = found.groups?.['tag'];
  const digest = found.groups?.['digest'];
  if (digest !== undefined) {
    return { fromImage: reference.slice(0, -digest.length), tag: digest.slice(1) };
  }
  return { fromImage: tag === undefined ? reference : reference.slice(0, -tag.length), tag: tag === undefined ? 'latest' : tag.slice(1) };
}

/** A reference or an id, as a part of a path: nothing in it can lead elsewhere. */
export function imagePath(key: string): string {
  if (!/^[\w][\w.\-:/@+]*$/.test(key) || key.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new BerthError('engine.badReference', { reference: key, detail: 'invalid reference format' });
  }
  return key;
}
