// Which addresses may leave the window for the user's own browser: documented hosts by https, single pages that Berth itself names, and
// published ports on this computer's own addresses.
// A list of what is allowed, never of what is not: schemes are handlers, and a handler is a program that runs with the user's rights.
import { networkInterfaces } from 'node:os';

const documentedHosts: readonly string[] = ['docs.docker.com', 'hub.docker.com'];
const loopback: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** As the system spells them. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each = []) =>
    each.map(({ address }) => (address.includes(':') ? `[${address}]` : address)),
  );
}

/** Host and port as they are written, so that 127.1, 0x7f.1, user@host and https:///host, which a parser would read kindly, match nothing. */
const shape = /^(https?):\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?(?:[/?#][\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a~]*)?$/;

/** The address to open, in its canonical spelling, or undefined. `pages` are allowed as they are written. */
export function allowedExternalUrl(text: string, pages: readonly string[], own = ownAddresses()): string | undefined {
  const [, scheme, host = '', port] = shape.exec(text) ?? [];
  const documented = documentedHosts.includes(host) && scheme === 'https' && port === undefined;
  const published = [...loopback, ...own].includes(host) && Number(port) >= 1 && Number(port) <= 65535;
  return documented || published || pages.includes(text) ? new URL(text).href : undefined;
}
