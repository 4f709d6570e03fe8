// A port that could not be bound, as an error: of the start that needed it, or of a container that runs without it.
import { addressText, BerthError } from '../../preload/contract';
import { freePortNear } from './free-port';
import { ownerOfPort } from './port-owner';
import type { Wanted } from './rules';

/** The locale files' word for a program that the system does not name. */
const UNKNOWN = 'unknown';

export interface Refusal {
  readonly wanted: Wanted;
  /** The system's, or `TAKEN` by another container. */
  readonly code: string;
  /** `name (pid)`, a container's name, or `unknown`. */
  readonly owner: string;
  /** Another port that was free a moment ago; 0 = none was looked for or found. */
  readonly suggested: number;
}

export async function refusalOf(wanted: Wanted, cause: unknown): Promise<Refusal> {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code !== 'EADDRINUSE') {
    return { wanted, code, owner: UNKNOWN, suggested: 0 };
  }
  const [owner, suggested] = await Promise.all([ownerOfPort(wanted.protocol, wanted.port), freePortNear(wanted)]);
  return { wanted, code, owner: owner ?? UNKNOWN, suggested };
}

/** For the caller of a start, with dockerd's own sentence: users, Compose and Testcontainers look for it. */
export function startError(
  { wanted, code, owner, suggested }: Refusal,
  container: { readonly id: string; readonly name: string },
): BerthError {
  const { address, port, protocol } = wanted;
  const where = addressText(wanted);
  const why =
    code === 'EACCES' ? 'permission denied' : code === 'EADDRNOTAVAIL' ? 'cannot assign requested address' : 'port is already allocated';
  const by = owner === UNKNOWN ? '' : ` (${owner})`;
  const detail = `failed to set up container networking: driver failed programming external connectivity on endpoint ${container.name} (${container.id}): Bind for ${where} failed: ${why}${by}`;
  switch (code) {
    case 'EACCES':
      return new BerthError('ports.notAllowed', { port, address, detail });
    case 'EADDRNOTAVAIL':
      return new BerthError('ports.noSuchAddress', { port, address, detail });
    default:
      return new BerthError('engine.portTaken', { port, protocol, address, suggested, detail });
  }
}

/** For a container that runs already. */
export function noticeError(
  { wanted, code, owner, suggested }: Refusal,
  container: { readonly id: string; readonly name: string },
): BerthError {
  const { address, port, protocol } = wanted;
  switch (code) {
    case 'EACCES':
      return new BerthError('ports.notAllowed', { port, address, detail: container.name });
    case 'EADDRNOTAVAIL':
      return new BerthError('ports.noSuchAddress', { port, address, detail: container.name });
    default:
      return new BerthError('ports.inUse', { port, protocol, address, process: owner, suggested });
  }
}

/** IPv6 switched off on this host: for what was asked without an address, IPv4 alone is right then. */
export function isMissingFamily(wanted: Wanted, cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code;
  return (wanted.address === '::1' || wanted.address === '::') && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT');
}
