// Where a browser of this computer finds a published TCP port.
const thisComputer = new Set(['', '0.0.0.0', '::', '127.0.0.1', '::1']);

/** The port inside tells whether it speaks TLS: the one outside is whatever was free. */
export function portUrl(address: string, port: number, containerPort: number): string {
  const host = thisComputer.has(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return `${containerPort === 443 || containerPort === 8443 ? 'https' : 'http'}://${host}:${String(port)}`;
}
