// The last bytes of a terminal, for a page that comes back: whole chunks, the oldest dropped first. Knows nothing of escape sequences.

export interface Replay {
  push(chunk: Uint8Array): void;
  /** In order; at most the limit. */
  chunks(): readonly Uint8Array[];
}

export function createReplay(limitBytes: number): Replay {
  let kept: Uint8Array[] = [];
  let bytes = 0;
  return {
    push(chunk) {
      const tail = chunk.length > limitBytes ? chunk.subarray(chunk.length - limitBytes) : chunk;
      kept.push(tail);
      bytes += tail.length;
      let drop = 0;
      while (bytes > limitBytes) {
        bytes -= kept[drop]?.length ?? 0;
        drop += 1;
      }
      if (drop > 0) {
        kept = kept.slice(drop);
      }
    },
    chunks: () => kept,
  };
}
