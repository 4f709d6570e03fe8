// What an entry is, as the guest sees it: the host's stat with the owner of the table. SFTP 3 has whole seconds of 32 bits, no links' count and no
// number of the file.
import type { BigIntStats } from 'node:fs';
import type { Owners } from './owners';
import type { Attrs } from './wire';

export function attrsOf(stats: BigIntStats, owners: Owners): Attrs {
  return {
    size: stats.size,
    owner: owners.of(stats) ?? { uid: Number(stats.uid), gid: Number(stats.gid) },
    mode: Number(stats.mode),
    times: { access: seconds(stats.atimeNs), modify: seconds(stats.mtimeNs) },
  };
}

function seconds(ns: bigint): number {
  return Number(BigInt.asUintN(32, ns / 1_000_000_000n));
}
