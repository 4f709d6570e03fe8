// Who of the containers reaches services of this computer: what is set, what the VM that runs keeps to, and the guest's list of DNS servers.
// The network itself is the driver's (main/vm/qemu/network.ts); this opens what the list names and says what is and is not enforced.
import type { BackendHandlers, HostAccessStatus, Settings, VmStatus, WireError } from '../../preload/contract';
import { GUEST } from '../lib/guest-network';
import { createObservable, follow, select } from '../lib/observable';
import type { Observable } from '../lib/observable';
import type { Logger } from '../lib/logger';
import type { DoctorProbe, Vm } from '../vm/vm';
import { createDnsHealth, dnsProbe } from './dns-health';
import { createHostPorts } from './host-ports';
import { guestServers, readServers, RESOLV_CONF, watchServers } from './resolv-conf';

/** vm/AGREEMENT.md, The host from the guest. */
const ADDRESS = { user: GUEST.gateway, passt: GUEST.ways } as const;
const SERVERS_FILE = '/run/berth-dns/servers';

/** Where the host is for containers, on the network of the VM that runs. */
export function hostAddress(network: VmStatus['network']): string | undefined {
  return network === undefined ? undefined : ADDRESS[network.backend];
}

export interface HostAccessDeps {
  readonly settings: Observable<Settings>;
  readonly vm: Pick<Vm, 'status' | 'exec' | 'dialer' | 'serve' | 'ownPorts'>;
  /** The guest can be reached and its engine answers. */
  readonly available: Observable<boolean>;
  /** Why no VM of this system could enforce anything, if so. */
  unable(): Promise<WireError | undefined>;
  /** Ports of the shells'. */
  doors(): readonly number[];
  readonly log: Logger;
  readonly resolvConf?: string;
}

export interface HostAccessService {
  readonly handlers: Pick<BackendHandlers, 'host.changes' | 'host.dns'>;
  readonly doctorProbe: DoctorProbe;
  dispose(): void;
}

export function createHostAccess(deps: HostAccessDeps): HostAccessService {
  const { settings, vm, available, log, resolvConf = RESOLV_CONF } = deps;
  let unable: WireError | undefined;
  let pushed = '';

  const ports = createHostPorts({
    serve: (place, onStream) => vm.serve(place, onStream),
    address: ADDRESS.passt,
    doors: () => [...vm.ownPorts(), ...deps.doors()],
    changed: () => refresh(),
    log,
  });
  const compose = (): HostAccessStatus => {
    const { access, ports: set } = settings.get().host;
    const { network } = vm.status.get();
    const limited = access !== 'all';
    const error = limited ? (network?.error ?? unable) : undefined;
    const fits = network === undefined ? error === undefined : (network.backend === 'passt') === limited;
    return {
      access,
      ports: ports.list(set),
      address: ADDRESS[network?.backend ?? (limited && error === undefined ? 'passt' : 'user')],
      ...(network === undefined ? {} : { network }),
      enforced: fits,
      ...(error === undefined || fits ? {} : { error }),
      pendingRestart: !fits && error === undefined,
    };
  };
  const status = createObservable(compose());
  const refresh = (): void => status.set(compose());

  const apply = (): void => {
    const { access, ports: set } = settings.get().host;
    ports.apply(access === 'list' ? set : [], available.get() && vm.status.get().network?.backend === 'passt');
  };
  /** The guest is told only what it does not have: it may be another guest after each time that the engine was away. */
  const pushServers = async (): Promise<void> => {
    if (!available.get() || process.platform === 'win32') {
      return;
    }
    const servers = guestServers(await readServers(resolvConf), vm.status.get().network?.backend ?? 'user');
    const text = servers.map((address) => `nameserver ${address}\n`).join('');
    if (text !== pushed) {
      pushed = text;
      const { code, stderr } = await vm.exec(`cat >${SERVERS_FILE}.new && mv ${SERVERS_FILE}.new ${SERVERS_FILE}`, { stdin: text });
      if (code !== 0) {
        throw new Error(stderr);
      }
    }
  };
  const followServers = (): void => {
    pushServers().catch((error: unknown) => {
      pushed = '';
      log.warn('the guest was not told of DNS servers', { error });
    });
  };

  const stops = [
    available.subscribe((is) => {
      if (!is) {
        pushed = '';
      }
      apply();
      followServers();
    }),
    select(settings, ({ host }) => host).subscribe(apply),
    select(vm.status, ({ network }) => network).subscribe(apply),
    watchServers(resolvConf, followServers),
  ];
  void deps.unable().then((error) => {
    unable = error;
    refresh();
  });

  const ask = createDnsHealth({ resolvConf, guest: () => (available.get() ? vm.dialer : undefined) });
  return {
    handlers: { 'host.changes': (_input, { signal }) => follow(status, signal), 'host.dns': () => ask() },
    doctorProbe: dnsProbe(ask),
    dispose() {
      stops.forEach((stop) => stop());
      ports.dispose();
    },
  };
}
