// Whether DNS works, asked when somebody wants to know and never by itself: this computer's servers from here, and then the guest's own way.
// Bounded to seconds, whatever is silent.
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { BerthError } from '../../preload/contract';
import type { DnsHealth } from '../../preload/contract';
import { datagramFrame, datagramReader } from '../lib/datagram-frames';
import type { Dialer } from '../lib/dialer';
import { GUEST } from '../lib/guest-network';
import type { DoctorProbe } from '../vm/vm';
import { isAnswerTo, rootQuestion } from './dns-question';
import { readServers } from './resolv-conf';

/** vm/AGREEMENT.md, The host from the guest. */
const GUEST_DNS = { host: GUEST.address, port: 53053 } as const;
const SERVER_MS = 2000;
/** The guest goes to the next server with each repetition. */
const REPEAT_MS = 1000;
const GUEST_MS = 5000;
/** The only sender on its stream. */
const FLOW = 1;

export interface DnsHealthDeps {
  readonly resolvConf: string;
  /** undefined while no guest can be asked. */
  readonly guest: () => Pick<Dialer, 'udp'> | undefined;
  readonly port?: number;
}

export function createDnsHealth({ resolvConf, guest, port = 53 }: DnsHealthDeps): () => Promise<DnsHealth> {
  return async () => {
    const addresses = await readServers(resolvConf);
    const dialer = guest();
    const [servers, guestMilliseconds] = await Promise.all([
      Promise.all(addresses.map(async (address) => ({ address, ...took(await askServer(address, port)) }))),
      dialer === undefined ? undefined : askGuest(dialer),
    ]);
    const answered = servers.some(({ milliseconds }) => milliseconds !== undefined);
    const state =
      addresses.length === 0
        ? 'noServers'
        : !answered
          ? 'silent'
          : dialer !== undefined && guestMilliseconds === undefined
            ? 'guest'
            : 'ok';
    return { state, servers, ...(guestMilliseconds === undefined ? {} : { guestMilliseconds }) };
  };
}

export function dnsProbe(ask: () => Promise<DnsHealth>): DoctorProbe {
  return {
    id: 'dns',
    async run() {
      const { state, servers, guestMilliseconds } = await ask();
      const words = servers.map(({ address, milliseconds }) =>
        milliseconds === undefined ? `${address} –` : `${address} ${milliseconds} ms`,
      );
      const detail = [...words, ...(guestMilliseconds === undefined ? [] : [`VM ${guestMilliseconds} ms`])].join(', ');
      if (state === 'ok') {
        return { status: 'ok', detail };
      }
      const error = new BerthError('host.dnsSilent', { reason: state, detail: servers.map(({ address }) => address).join(', ') || '–' });
      return { status: 'warn', detail, error: { code: error.code, params: error.params } };
    },
  };
}

function took(milliseconds: number | undefined): { readonly milliseconds?: number } {
  return milliseconds === undefined ? {} : { milliseconds };
}

function askServer(address: string, port: number): Promise<number | undefined> {
  const id = randomInt(0x10000);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (result: number | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => end(undefined), SERVER_MS);
    socket.once('error', () => end(undefined));
    socket.on('message', (message) => {
      if (isAnswerTo(id, message)) {
        end(Math.round(performance.now() - startedAt));
      }
    });
    // Connected, so that a refusal is heard and nobody else is. No callback: Node hands that a failure (no route) instead of raising 'error'.
    socket.once('connect', () => socket.send(rootQuestion(id)));
    socket.connect(port, address);
  });
}

/** By the guest's own resolver. */
async function askGuest(dialer: Pick<Dialer, 'udp'>): Promise<number | undefined> {
  const id = randomInt(0x10000);
  const frame = datagramFrame(FLOW, rootQuestion(id));
  const stream = await dialer.udp(GUEST_DNS.host, GUEST_DNS.port).catch(() => undefined);
  if (stream === undefined) {
    return undefined;
  }
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const end = (result: number | undefined): void => {
      clearInterval(repeating);
      clearTimeout(timer);
      stream.destroy();
      resolve(result);
    };
    const repeating = setInterval(() => stream.write(frame), REPEAT_MS);
    const timer = setTimeout(() => end(undefined), GUEST_MS);
    const take = datagramReader((flow, answer) => {
      if (flow === FLOW && isAnswerTo(id, answer)) {
        end(Math.round(performance.now() - startedAt));
      }
    });
    stream.on('data', (chunk: Buffer) => {
      if (!take(chunk)) {
        end(undefined);
      }
    });
    stream.on('error', () => end(undefined));
    stream.on('end', () => end(undefined));
    stream.write(frame);
  });
}
