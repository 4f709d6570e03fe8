// `--add-host NAME:host-gateway` in a create: the address itself is written in its place, because dockerd 28 knows none any more once it has reloaded
// its configuration, wherever it had it from (its copy of it empties every netip.Addr), and no container with the word starts until it is restarted.
// Knows the shapes only; which address it is, is handed in.
import { arraysAt, objectsAt } from '../lib/any-case';

/** Writes into `body`; whether anything was changed. */
export function leadHostGateway(body: unknown, address: string): boolean {
  const containers = objectsAt(body, 'hostconfig').flatMap((host) => arraysAt(host, 'extrahosts'));
  const specs = objectsAt(body, 'tasktemplate').flatMap((task) => objectsAt(task, 'containerspec'));
  const services = specs.flatMap((spec) => arraysAt(spec, 'hosts'));
  // `NAME:host-gateway` of a container, `host-gateway NAME` of a Swarm service.
  const changed = [
    ...containers.map((hosts) => replaceIn(hosts, /^([^:]+:)host-gateway$/, `$1${address}`)),
    ...services.map((hosts) => replaceIn(hosts, /^host-gateway(?=\s)/, address)),
  ];
  return changed.includes(true);
}

function replaceIn(hosts: unknown[], pattern: RegExp, by: string): boolean {
  let changed = false;
  hosts.forEach((host, index) => {
    if (typeof host === 'string' && pattern.test(host)) {
      hosts[index] = host.replace(pattern, by);
      changed = true;
    }
  });
  return changed;
}
