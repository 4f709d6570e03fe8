// Registry mirrors: the list, presets, tests, what is in force, prefix mirrors for other registries. main/mirrors answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';
import type { TextPlace } from './config';

export const MAX_MIRRORS = 64;
const mirrorUrl = z.string().max(2048);

/** As the user writes it; checked and normalised by the backend, so the fields are loose here. */
export const mirrorInput = z.strictObject({
  url: mirrorUrl,
  name: z.string().max(200).default(''),
  note: z.string().max(2000).default(''),
  enabled: z.boolean().default(true),
});

export interface Mirror {
  /** Normalised: `https://host[:port]`, lower case, no slash at the end. Names the mirror. */
  readonly url: string;
  readonly name: string;
  readonly note: string;
  readonly enabled: boolean;
  readonly lastTest?: MirrorTest;
  /** Times in a row that a pull found it failing; three make `offerDisable`. */
  readonly failures: number;
  readonly offerDisable: boolean;
}

/** A public mirror that is known, or was. Data of assets/mirrors.json or of the company's own file. */
export interface MirrorPreset {
  readonly id: string;
  readonly name: { readonly en: string; readonly 'zh-CN': string };
  /** `{id}` in it stands for the user's own id where `personal`. */
  readonly url: string;
  readonly operator: string;
  readonly audience: { readonly en: string; readonly 'zh-CN': string };
  readonly state: 'open' | 'limited' | 'closed';
  readonly personal: boolean;
  /** May be tried by "set up for me". */
  readonly proposable: boolean;
  readonly help?: { readonly en: string; readonly 'zh-CN': string };
  readonly link?: string;
  /** ISO date at which the state was last known. */
  readonly checked: string;
}

export const mirrorTestSteps = ['dns', 'tcp', 'tls', 'api', 'manifest', 'layer'] as const;
export type MirrorTestStepName = (typeof mirrorTestSteps)[number];

export interface MirrorTestStep {
  readonly name: MirrorTestStepName;
  readonly milliseconds: number;
  readonly ok: boolean;
  /** HTTP status, for `api`, `manifest`, `layer`. */
  readonly status?: number;
}

export const mirrorVerdicts = [
  'works',
  'slow',
  'stale',
  'noSuchHost',
  'refused',
  'unreachable',
  'silent',
  'certificate',
  'intercepted',
  'notTls',
  'closed',
  'wantsLogin',
  'notARegistry',
  'webPage',
  'wrongDigest',
  'noImage',
  'rateLimited',
  'serverError',
  'redirectLoop',
  'cancelled',
] as const;
/** Texts are in locale `mirrors` (`verdict.<name>`). */
export type MirrorVerdict = (typeof mirrorVerdicts)[number];

export interface MirrorTest {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly image: string;
  readonly verdict: MirrorVerdict;
  readonly steps: readonly MirrorTestStep[];
  readonly totalMilliseconds: number;
  /** Of the first 512 KiB of a layer. */
  readonly bytesPerSecond?: number;
  readonly digest?: string;
  /** Of the certificate that was shown. */
  readonly issuer?: string;
  /** That certificate is good only by an authority that the guest was given, where a public one was to be expected: a proxy on the way opens what passes. */
  readonly intercepted?: boolean;
  /** The program's own words of a failure, e.g. curl's. */
  readonly words?: string;
  /** For `stale`: how its image compares, when known. */
  readonly olderDays?: number;
}

/** Docker Hub itself, without a mirror, is tested under this name. */
export const DIRECT = 'direct';

export type MirrorTestItem =
  | { readonly kind: 'step'; readonly url: string; readonly step: MirrorTestStep }
  | { readonly kind: 'result'; readonly url: string; readonly test: MirrorTest }
  /** Last item: an order by result; only those that work are in it. */
  | { readonly kind: 'proposal'; readonly order: readonly MirrorProposal[]; readonly direct: boolean; readonly seconds: number };

export interface MirrorProposal {
  readonly url: string;
  readonly name: string;
  /** Locale `mirrors` (`reason.<key>`) with parameters. */
  readonly reason: {
    readonly key: 'fastest' | 'slower' | 'stale' | 'privateNetwork' | 'limited';
    readonly params: Readonly<Record<string, string | number>>;
  };
}

export const prefixRegistries = ['ghcr.io', 'quay.io', 'registry.k8s.io', 'gcr.io', 'mcr.microsoft.com'] as const;

/** Berth pulls `<prefix>/owner/name` and tags it `<registry>/owner/name`. */
export interface PrefixMirror {
  /** `ghcr.io` */
  readonly registry: string;
  /** Host with or without a path: `ghcr.mirror.example` or `mirror.example/ghcr.io`. */
  readonly prefix: string;
  /** By rule: every pull of the window and of `berth pull`; otherwise on demand only. */
  readonly always: boolean;
}

export interface MirrorsState {
  readonly mirrors: readonly Mirror[];
  readonly prefixes: readonly PrefixMirror[];
  /** Names this list; a save says which one it was made from. */
  readonly revision: string;
  readonly presets: readonly MirrorPreset[];
  /** `built-in`, or the path of the company's file. */
  readonly presetSource: string;
  readonly presetError?: WireError;
  readonly testImage: string;
  /** What `docker info` says, without dockerd's slash at the end; missing while the engine is away. */
  readonly inForce?: { readonly at: number; readonly urls: readonly string[] };
  /** The list that is set and the one in force differ. */
  readonly differs: boolean;
  /** Taken out of force for the time being because a pull found it silent. */
  readonly suspended: readonly string[];
}

export interface ParsedMirrors {
  readonly mirrors: readonly { readonly url: string; readonly duplicate: boolean }[];
  readonly problems: readonly { readonly error: WireError; readonly text: string; readonly place: TextPlace }[];
}

export const mirrorsTable = {
  'mirrors.changes': stream(z.strictObject({}), output<MirrorsState>(), 'latest'),
  /**
   * Checks the whole list, keeps it, and puts the enabled ones in force in their order, by the task that is returned (kind `config`). Rejects with
   * `mirrors.conflict` or `mirrors.invalid` (field `mirrors.<index>.url`); then nothing is kept.
   */
  'mirrors.apply': call(
    z.strictObject({
      mirrors: z.array(mirrorInput).max(MAX_MIRRORS),
      revision: z.string().min(1).max(128),
      origin: z.enum(['form', 'cli']),
    }),
    output<{ readonly task: string }>(),
  ),
  /** One entry as it would be kept, or the error of its field. A `warning` (closed, not encrypted, the guest itself) keeps nobody from it. */
  'mirrors.check': call(
    z.strictObject({ url: mirrorUrl }),
    output<{ readonly url: string; readonly error?: WireError; readonly warning?: WireError }>(),
  ),
  /** The way out of a notice: one mirror is switched off as `mirrors.apply` would, and kept in the list. */
  'mirrors.switchOff': call(z.strictObject({ url: mirrorUrl }), output<{ readonly task: string }>()),
  /** Lines of addresses, or a whole daemon.json: the mirrors in it. */
  'mirrors.parse': call(z.strictObject({ text: z.string().max(256 * 1024) }), output<ParsedMirrors>()),
  /** In parallel, 20 s each at most; the end of the stream cancels. `DIRECT` is Docker Hub itself. Never touches the engine's configuration. */
  'mirrors.test': stream(
    z.strictObject({ urls: z.array(mirrorUrl).min(1).max(MAX_MIRRORS), image: z.string().max(512).optional() }),
    output<MirrorTestItem>(),
    'queue',
  ),
  'mirrors.setTestImage': call(z.strictObject({ image: z.string().min(1).max(512) }), output<void>()),
  'mirrors.setPrefixes': call(
    z.strictObject({
      prefixes: z.array(z.strictObject({ registry: z.string().max(255), prefix: z.string().max(512), always: z.boolean() })).max(32),
    }),
    output<void>(),
  ),
  /** null = the built-in list. Rejects with `mirrors.presetFile`. */
  'mirrors.setPresetFile': call(z.strictObject({ path: z.string().max(4096).nullable() }), output<void>()),
};
