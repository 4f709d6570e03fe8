// Load on the engine's client, against the fake engine: what was produced is what arrived, memory stays bounded, the event loop goes on.
// Fake and client share this process, so the figures are lower bounds; no limit here is tight.
import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import { createConnection } from '../../main/engine/connection';
import { reread } from '../../main/engine/lists';
import { apply, emptyState } from '../../main/engine/state';
import type { EngineState } from '../../main/engine/state';
import { createTerminals } from '../../main/terminal/session';
import type { EngineChange } from '../../preload/contract';
import { startEngineBench, until } from '../fakes/dockerd/bench';
import type { EngineBench } from '../fakes/dockerd/bench';
import { floodPattern } from '../fakes/dockerd/exec';
import { frame } from '../fakes/dockerd/http';
import type { LogScript } from '../fakes/dockerd/logs';
import { context } from '../fakes/streams';
import { heldAtRest, held, MIB } from './memory';

let bench: EngineBench;
afterEach(() => bench.dispose());

/** Numbered lines as fast as they are taken, 500 a write; every tenth on stderr. `written`: how many the engine's side has sent. */
function numbered(total: number): { script: LogScript; written: () => number } {
  let written = 0;
  const line = (index: number): Buffer =>
    frame(
      index % 10 === 9 ? 'stderr' : 'stdout',
      Buffer.from(`2026-01-01T00:00:00.000000001Z ${index} the quick brown fox jumps over the lazy dog\n`),
    );
  return {
    written: () => written,
    script: {
      history: [],
      async *wire() {
        while (written < total) {
          const count = Math.min(500, total - written);
          const from = written;
          written += count;
          yield Buffer.concat(Array.from({ length: count }, (_, index) => line(from + index)));
        }
      },
    },
  };
}

const follow = (name: string) => bench.engine.handlers['containers.logs']({ id: name, follow: true, tail: -1 }, context());

/** Lines a millisecond of a log that is read off its socket and not looked at: what this machine can do at all. */
async function bareRate(name: string, lines: number): Promise<number> {
  bench.fake.logs.set(name, numbered(lines).script);
  const start = performance.now();
  const socket = await bench.dialer.engine();
  socket.write(
    `GET /containers/${name}/logs?stdout=1&stderr=1&timestamps=1&follow=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`,
  );
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length;
  }
  expect(bytes).toBeGreaterThan(lines * 60);
  return lines / (performance.now() - start);
}

test('one log of 1,000,000 lines: all of them, in order; a reader that stops holds the engine back', async () => {
  bench = await startEngineBench({ containers: 2 });
  const { script, written } = numbered(1_000_000);
  const next = { o: 0, e: 9 };
  let count = 0;
  let wrong = 0;
  let stopped = false;
  const bare = await bareRate('shop-0-web-1', 200_000);
  bench.fake.logs.set('shop-0-web-1', script);
  const before = held();
  let most = before;
  let aside = 0;
  const start = performance.now();
  for await (const batch of follow('shop-0-web-1')) {
    expect(batch.dropped).toBe(0);
    for (const [stream, , text] of batch.lines) {
      const number = Number(text.slice(0, text.indexOf(' ')));
      wrong += number === next[stream] ? 0 : 1;
      next[stream] += stream === 'e' ? 10 : number % 10 === 8 ? 2 : 1;
      count += 1;
      if (count % 100_000 === 0) {
        const at = performance.now();
        most = Math.max(most, held());
        aside += performance.now() - at;
      }
    }
    if (!stopped && count > 200_000) {
      stopped = true;
      const at = written();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      aside += 1000;
      // Sockets of this machine hold a few MB; a line is 120 bytes on the wire.
      expect(written() - at).toBeLessThan(100_000);
    }
  }
  const rate = count / (performance.now() - start - aside);
  console.info(`logs: ${Math.round(rate)} lines/ms, ${Math.round(bare)} unread`);
  console.info(
    `logs: ${Math.round((most - before) / MIB)} MiB held at most, ${Math.round(((await heldAtRest()) - before) / MIB)} at the end`,
  );
  expect([count, wrong, next]).toEqual([1_000_000, 0, { o: 1_000_000, e: 1_000_009 }]);
  // Both sides are in this process, so a good part of either is the fake's.
  expect(rate).toBeGreaterThan(bare / 10);
  // All of it is 110 MiB.
  expect(most - before).toBeLessThan(32 * MIB);
  expect((await heldAtRest()) - before).toBeLessThan(8 * MIB);
});

test('50 logs at once: every line of each', async () => {
  bench = await startEngineBench({ containers: 50 });
  const names = [...bench.fake.model.containers.values()].map((container) => container.name);
  names.forEach((name) => bench.fake.logs.set(name, numbered(10_000).script));
  const counts = await Promise.all(
    names.map(async (name) => {
      let count = 0;
      for await (const batch of follow(name)) {
        count += batch.lines.length;
      }
      return count;
    }),
  );
  expect(counts).toEqual(names.map(() => 10_000));
});

test('500 changes a second on 1,000 containers: the truth at the end, for a fast reader and one that takes one change a second', async () => {
  bench = await startEngineBench({ containers: 1000, images: 200 });
  const abort = new AbortController();
  const state = { fast: emptyState, slow: emptyState };
  const sizes: number[] = [];
  async function read(who: 'fast' | 'slow', pauseMs: number): Promise<void> {
    for await (const change of bench.engine.handlers['engine.changes']({}, context(abort.signal))) {
      state[who] = apply(state[who], change);
      sizes.push(sizeOf(change));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  const reading = [read('fast', 0), read('slow', 1000)];
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const stop = bench.fake.storm(500);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  stop();
  delay.disable();
  console.info(`changes: event loop p99 ${Math.round(delay.percentile(99) / 1e6)} ms, fake and client together`);
  const connection = createConnection(bench.dialer);
  const rows = (from: EngineState): string =>
    JSON.stringify([...from.containers.values()].map(({ id, state: is, health, exitCode }) => [id, is, health, exitCode]).sort());
  await until('both know the truth', async () => {
    const truth = rows(await reread(connection, emptyState, new Map(), { images: true, counts: true }, abort.signal));
    return rows(state.fast) === truth && rows(state.slow) === truth;
  });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(bench.fake.model.containers.size + 1000 + 200);
  abort.abort();
  connection.dispose();
  await Promise.all(reading);
}, 60_000);

function sizeOf(change: EngineChange): number {
  if (change.kind === 'away') {
    return 0;
  }
  return change.kind === 'snapshot'
    ? change.containers.length
    : (change.containers?.upsert.length ?? 0) + (change.containers?.remove.length ?? 0) + (change.images?.upsert.length ?? 0);
}

test('20 terminals flooded at once: every byte of each', async () => {
  bench = await startEngineBench({ containers: 20 });
  const total = 8 * MIB;
  const block = floodPattern(0, 65_536);
  const whole = createHash('sha256');
  for (let at = 0; at < total; at += block.length) {
    whole.update(block);
  }
  const expected = whole.digest('hex');
  bench.fake.programs.set('flood', async ({ write }) => {
    for (let at = 0; at < total; at += block.length) {
      await write(block);
    }
    return 0;
  });
  const terminals = createTerminals({ openExec: bench.engine.openExec });
  const running = [...bench.fake.model.containers.values()].filter((container) => container.state === 'running');
  const sums = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const container = running[index % running.length]?.name ?? '';
      const { id } = await terminals.handlers['terminal.open'](
        { kind: 'exec', container, shell: 'flood', user: '', cols: 80, rows: 24 },
        context(),
      );
      const hash = createHash('sha256');
      for await (const chunk of terminals.handlers['terminal.output']({ session: id }, context())) {
        hash.update(chunk);
      }
      return hash.digest('hex');
    }),
  );
  expect(sums).toEqual(sums.map(() => expected));
  await terminals.dispose();
});

test('200 terminals opened and closed one after the other leave nothing running', async () => {
  bench = await startEngineBench({ containers: 2 });
  const terminals = createTerminals({ openExec: bench.engine.openExec });
  for (let count = 0; count < 200; count++) {
    const { id } = await terminals.handlers['terminal.open'](
      { kind: 'exec', container: 'shop-0-web-1', shell: 'sh', user: '', cols: 80, rows: 24 },
      context(),
    );
    await terminals.handlers['terminal.close']({ session: id }, context());
  }
  await until('all have ended', () => [...bench.fake.execs.values()].every((exec) => !exec.running));
  await until('their connections are closed', () => bench.fake.openConnections() < 20);
  await terminals.dispose();
});
