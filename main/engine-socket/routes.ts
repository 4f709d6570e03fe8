// What the engine's socket must know of Docker's API, as one table: which lane a request takes, and which requests Berth has a say in.
import type { Lane } from '../lib/dialer';

export interface Route {
  readonly lane: Lane;
  /** create: its body is ruled, its environment gets proxies. binds: its body is ruled. start: ports are bound first. ended: ports may close after it. */
  readonly rule?: 'create' | 'binds' | 'start' | 'ended';
  /** The container that the rule is about, as the client named it. */
  readonly container?: string;
  /** The reference that a client pulls: its progress is watched. */
  readonly pull?: string;
  /** BuildKit's progress passes here. */
  readonly builds: boolean;
  /** Clients of old get 200 and raw bytes instead of 101 here. */
  readonly hijacks: boolean;
  /** Whether it is a sign of use, which keeps the VM from being idle while it is open; of most reads, only where nobody asks them over and over. */
  readonly counts: 'yes' | 'no' | 'unlessPolled';
  /** What clients ask before anything else; neither counts, and both can be answered while the VM sleeps. */
  readonly question?: 'ping' | 'version';
}

interface Row {
  readonly methods: readonly string[];
  /** Behind the version. Its first group is the container. */
  readonly path: RegExp;
  readonly lane: Lane;
  readonly rule?: Route['rule'];
  readonly hijacks?: true;
}

const rows: readonly Row[] = [
  { methods: ['POST'], path: /^\/containers\/create$/, lane: 'api', rule: 'create' },
  { methods: ['POST'], path: /^\/(?:volumes\/create|services\/create|services\/[^/]+\/update)$/, lane: 'api', rule: 'binds' },
  { methods: ['POST'], path: /^\/containers\/([^/]+)\/(?:start|restart)$/, lane: 'api', rule: 'start' },
  { methods: ['POST'], path: /^\/containers\/([^/]+)\/(?:stop|kill)$/, lane: 'api', rule: 'ended' },
  { methods: ['DELETE'], path: /^\/containers\/([^/]+)$/, lane: 'api', rule: 'ended' },
  { methods: ['POST', 'GET'], path: /^\/containers\/[^/]+\/attach(?:\/ws)?$/, lane: 'terminal', hijacks: true },
  { methods: ['POST'], path: /^\/exec\/[^/]+\/start$/, lane: 'terminal', hijacks: true },
  { methods: ['POST', 'PUT'], path: /^\/(?:build|session|grpc|images\/load|images\/create|images\/.+\/push|plugins\/.+)$/, lane: 'bulk' },
  { methods: ['GET'], path: /^\/images\/(?:.+\/)?get$/, lane: 'bulk' },
  { methods: ['GET', 'PUT'], path: /^\/containers\/[^/]+\/(?:archive|export|logs)$/, lane: 'bulk' },
];

/** Of those who look whether the engine is there, and of those who wait for something to happen. */
const watchers = /^\/(?:_ping|version|events|containers\/[^/]+\/stats)$/;

export function routeOf(method: string, target: string): Route {
  const path = pathOf(target);
  const isRead = method === 'GET' || method === 'HEAD';
  const row = rows.find((candidate) => candidate.methods.includes(method) && candidate.path.test(path));
  const container = row?.rule && row.path.exec(path)?.[1];
  const question = !isRead ? undefined : path === '/_ping' ? 'ping' : path === '/version' ? 'version' : undefined;
  const pull = method === 'POST' && path === '/images/create' ? pulledBy(target) : undefined;
  return {
    lane: row?.lane ?? 'api',
    ...(row?.rule ? { rule: row.rule } : {}),
    ...(container === undefined ? {} : { container }),
    ...(pull === undefined ? {} : { pull }),
    builds: method === 'POST' && path === '/grpc',
    hijacks: row?.hijacks ?? false,
    ...(question === undefined ? {} : { question }),
    counts: !isRead || (row !== undefined && row.lane !== 'api') ? 'yes' : watchers.test(path) ? 'no' : 'unlessPolled',
  };
}

/** undefined for an import, which has no `fromImage`. */
function pulledBy(target: string): string | undefined {
  const query = new URLSearchParams(target.split('?', 2)[1] ?? '');
  const image = query.get('fromImage') ?? '';
  const tag = query.get('tag') ?? '';
  return image === '' ? undefined : tag === '' ? image : `${image}${tag.includes(':') ? '@' : ':'}${tag}`;
}

/** As dockerd's router sees it: decoded, without query and version. */
function pathOf(target: string): string {
  const [raw = ''] = target.replace(/^https?:\/\/[^/]*/i, '').split(/[?#]/, 1);
  let path = raw;
  try {
    path = decodeURIComponent(raw);
  } catch {
    // dockerd will refuse it in its own words.
  }
  return path.replace(/^\/v[0-9.]+(?=\/)/, '');
}
