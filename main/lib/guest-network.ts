// The addresses of the guest's network (vm/guest/net.h, vm/AGREEMENT.md): QEMU's user network has them, and passt is told to have the same.
// Numbers only; who answers there is written in the agreement.

export const GUEST = {
  /** The guest's card, where its services and published ports answer. */
  address: '10.0.2.15',
  address6: 'fec0::15',
  /** The network below it: with QEMU's own, the host's loopback. */
  gateway: '10.0.2.2',
  gateway6: 'fec0::2',
  /** Passes on to the host's servers of DNS. */
  dns: '10.0.2.3',
  dns6: 'fec0::3',
  /** On the guest's own loopback: what the host's names lead to where the gateway is not the host. No address that routers know. */
  ways: '10.0.2.4',
  /** sshd's, because containers publish 22, and the relay's: no container can publish these two. */
  sshPort: 1022,
  relayPort: 1023,
  prefix: 24,
  subnet: '10.0.2.0/24',
} as const;
