// `berth mirrors test`: mirrors tried from inside the guest, each step as it comes, a table at the end, and on request the proposed order applied.
import { DIRECT, isBerthError, mirrorTestSteps } from '../../preload/contract';
import type { Client, MirrorsState, MirrorTest, MirrorTestItem, MirrorTestStep } from '../../preload/contract';
import { columns, first } from './kit';
import type { JsonFlag, Kit } from './kit';
import { checkedAddresses } from './mirror-address';
import { Exit, EXIT } from './output';
import type { Output } from './output';

export interface TestFlags extends JsonFlag {
  /** All of the list and the presets that may be proposed, not those that are on only. */
  readonly all: boolean;
  readonly image?: string;
  readonly apply: boolean;
}

type Proposal = Extract<MirrorTestItem, { readonly kind: 'proposal' }>;

const USABLE: readonly string[] = ['works', 'slow', 'stale'];

/** Ends with 1 where none of the mirrors can be used. */
export async function testMirrors(
  kit: Kit,
  client: Client,
  given: readonly string[],
  { json, all, image, apply }: TestFlags,
  applyOrder: (state: MirrorsState, order: readonly string[]) => Promise<void>,
): Promise<void> {
  const { output, interrupted } = kit;
  const { texts, say, print } = output;
  const state = await first(client, 'mirrors.changes', {});
  const urls = given.length > 0 ? await checkedAddresses(kit, client, given) : [...addresses(state, all), DIRECT];

  const steps = new Map<string, MirrorTestStep[]>(urls.map((url) => [url, []]));
  const tests = new Map<string, MirrorTest>();
  let proposal: Proposal | undefined;
  const live = createLive(kit, urls);
  live.show(steps, tests);
  try {
    for await (const item of client.stream('mirrors.test', { urls, ...(image !== undefined && { image }) }, { signal: interrupted })) {
      if (item.kind === 'proposal') {
        proposal = item;
      } else if (item.kind === 'step') {
        steps.get(item.url)?.push(item.step);
      } else {
        tests.set(item.url, item.test);
      }
      live.show(steps, tests);
    }
  } catch (error) {
    if (!interrupted.aborted || !isBerthError(error)) {
      throw error;
    }
  }
  live.end();

  if (interrupted.aborted) {
    say(texts.text('cli', 'mirrors.cancelled'));
    throw new Exit(EXIT.failed);
  }
  const order = proposal?.order ?? [];
  if (json) {
    print(
      JSON.stringify({
        tests: urls.map((url) => ({ url, ...(tests.get(url) ?? null) })),
        order,
        direct: proposal?.direct ?? false,
        seconds: proposal?.seconds ?? null,
      }),
    );
  } else {
    resultLines(urls, tests, output).forEach(print);
    order.forEach(({ url, reason }, index) => say(`${index + 1}. ${url}: ${texts.text('mirrors', `reason.${reason.key}`, reason.params)}`));
  }
  if (!urls.some((url) => url !== DIRECT && USABLE.includes(tests.get(url)?.verdict ?? ''))) {
    say(texts.text('cli', proposal?.direct === true ? 'mirrors.onlyDirect' : 'mirrors.noneWorks'));
    throw new Exit(EXIT.failed);
  }
  if (apply) {
    await applyOrder(
      await first(client, 'mirrors.changes', {}),
      order.map(({ url }) => url),
    );
  }
}

function addresses({ mirrors, presets }: MirrorsState, all: boolean): string[] {
  const listed = mirrors.filter(({ enabled }) => all || enabled).map(({ url }) => url);
  const proposed = all ? presets.filter(({ proposable, personal }) => proposable && !personal).map(({ url }) => url) : [];
  return [...new Set([...listed, ...proposed])];
}

interface Live {
  show(steps: ReadonlyMap<string, readonly MirrorTestStep[]>, tests: ReadonlyMap<string, MirrorTest>): void;
  end(): void;
}

/** On a terminal one line a mirror that grows; elsewhere, or where they do not fit, each result once. */
function createLive({ output, terminal }: Kit, urls: readonly string[]): Live {
  const { texts, say } = output;
  const told = new Set<string>();
  const result = (url: string, test: MirrorTest): string => `${nameOf(url, output)}: ${texts.text('mirrors', `verdict.${test.verdict}`)}`;
  if (!terminal.interactive || urls.length >= terminal.rows - 1) {
    return {
      show(_, tests) {
        for (const [url, test] of tests) {
          if (!told.has(url)) {
            told.add(url);
            say(result(url, test));
          }
        }
      },
      end() {},
    };
  }
  return {
    show(steps, tests) {
      terminal.paint(
        urls.map((url) => {
          const test = tests.get(url);
          const done = (steps.get(url) ?? []).map(
            ({ name, milliseconds, ok }) => `${ok ? '✓' : '✗'} ${name} ${Math.round(milliseconds)} ms`,
          );
          const next = mirrorTestSteps[done.length];
          const line =
            test === undefined
              ? [nameOf(url, output), ...done, ...(next === undefined ? [] : [`… ${next}`])].join('  ')
              : result(url, test);
          return line.slice(0, terminal.columns - 1);
        }),
      );
    },
    end: () => terminal.paint(undefined),
  };
}

function nameOf(url: string, { texts }: Output): string {
  return url === DIRECT ? texts.text('cli', 'mirrors.direct') : url;
}

function resultLines(urls: readonly string[], tests: ReadonlyMap<string, MirrorTest>, output: Output): string[] {
  const { texts } = output;
  const head = ['address', 'verdict', ...mirrorTestSteps, 'speed'].map((name) => texts.text('cli', `mirrors.column.${name}`));
  const rows = urls.flatMap((url) => {
    const test = tests.get(url);
    if (test === undefined) {
      return [];
    }
    const timeOf = (name: string): string => {
      const step = test.steps.find((each) => each.name === name);
      return step === undefined ? '' : `${Math.round(step.milliseconds)}${step.ok ? '' : '✗'}`;
    };
    return [
      [
        nameOf(url, output),
        texts.text('mirrors', `verdict.${test.verdict}`),
        ...mirrorTestSteps.map(timeOf),
        test.bytesPerSecond === undefined ? '' : `${texts.bytes(test.bytesPerSecond)}/s`,
        test.words ?? '',
      ],
    ];
  });
  return columns([head, ...rows]);
}
