// The image that a test asks mirrors for: its name on Docker Hub, and what of it is fetched. Manifests are believed only by their digest. Pure.
import { createHash } from 'node:crypto';

export interface ProbeImage {
  /** `library/busybox` */
  readonly repository: string;
  /** A tag or a digest. */
  readonly name: string;
}

/** What is fetched of an image to see how fast a mirror is, and how old its copy is. */
export interface LayerPlan {
  readonly manifest: string;
  readonly config: { readonly digest: string; readonly size: number };
  readonly layer: { readonly digest: string; readonly size: number };
}

/** The first of a layer, in bytes; more would cost the mirrors' operators more than it says. */
export const SAMPLE_BYTES = 512 * 1024;
/** A registry may refuse larger ones, and so does dockerd. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const INDEX_TYPES = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const MANIFEST_TYPES = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
export const ACCEPT = `Accept: ${[...INDEX_TYPES, ...MANIFEST_TYPES].join(', ')}`;

/** `busybox`, `docker.io/library/busybox:1.36`, `owner/name@sha256:…`. */
export function parseImage(reference: string): ProbeImage {
  const [path = '', digest] = reference
    .trim()
    .replace(/^(docker\.io|index\.docker\.io|registry-1\.docker\.io)\//, '')
    .split('@');
  const colon = path.lastIndexOf(':');
  const [repository, tag] = colon > path.lastIndexOf('/') ? [path.slice(0, colon), path.slice(colon + 1)] : [path, 'latest'];
  return { repository: repository.includes('/') ? repository : `library/${repository}`, name: digest ?? tag };
}

export function digestOf(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** The manifest for the guest's platform where the body is an index; the body's own digest where it is a manifest; undefined = neither. */
export function platformOf(body: string, architecture: string): string | undefined {
  const document = objectOf(json(body));
  if (Array.isArray(document['manifests'])) {
    const entries = document['manifests'].map(objectOf);
    const fits = (entry: Readonly<Record<string, unknown>>): boolean => {
      const platform = objectOf(entry['platform']);
      return platform['os'] === 'linux' && platform['architecture'] === architecture;
    };
    return descriptorOf(entries.find(fits))?.digest;
  }
  return document['layers'] === undefined ? undefined : digestOf(body);
}

/** Of a manifest for one platform: the smallest layer that is large enough, or the largest. */
export function planOf(body: string): LayerPlan | undefined {
  const document = objectOf(json(body));
  const config = descriptorOf(document['config']);
  const layers = (Array.isArray(document['layers']) ? document['layers'] : []).flatMap((layer) => descriptorOf(layer) ?? []);
  layers.sort((a, b) => a.size - b.size);
  const layer = layers.find(({ size }) => size >= SAMPLE_BYTES) ?? layers.at(-1);
  return config === undefined || layer === undefined ? undefined : { manifest: digestOf(body), config, layer };
}

/** Milliseconds since the epoch, from an image's configuration. */
export function createdOf(body: string): number | undefined {
  const created = objectOf(json(body))['created'];
  const at = typeof created === 'string' ? Date.parse(created) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

function descriptorOf(value: unknown): Descriptor | undefined {
  const { digest, size } = objectOf(value);
  // It becomes part of an address.
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) && typeof size === 'number' && size >= 0
    ? { digest, size }
    : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
