// The browser shell as a process: its options, its log, signals, the exit.
import { parseArgs } from 'node:util';
import { toWireError } from '../../preload/contract';
import { locateHome, prepareHome } from '../control/home';
import { readOwner } from '../control/lock';
import { runHeadless } from './run';
import type { Headless } from './run';
import { createLog } from '../lib/log';
import type { FileLog } from '../lib/log';
import { createTexts, languageOf } from '../lib/texts';
import { APP_BUILD, APP_VERSION, locateApp } from '../locate';

const texts = createTexts(languageOf(process.env));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readOptions(): { home: string | undefined; port: number; window: 'open' | 'print' | 'none'; start: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      home: { type: 'string' },
      port: { type: 'string', default: '0' },
      open: flag,
      print: flag,
      'no-window': flag,
      start: flag,
      'no-start': flag,
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(texts.text('cli', 'usage.badNumber', { option: '--port', given: values.port }));
  }
  const window = values['no-window'] ? 'none' : values.open ? 'open' : 'print';
  return { home: values.home, port, window, start: values.start || (window !== 'none' && !values['no-start']) };
}

/** Tests hand in another VM. */
export type CreateVm = NonNullable<Parameters<typeof runHeadless>[0]['createVm']>;

export function headlessMain(mainFolder: string, createVm?: CreateVm): void {
  main(mainFolder, createVm).catch((error: unknown) => {
    const { title, kept, next } = texts.error(toWireError(error));
    say(texts.text('cli', 'error.title', { title }));
    say(texts.text('cli', 'error.kept', { text: kept }));
    say(texts.text('cli', 'error.next', { text: next }));
    process.exit(1);
  });
}

async function main(mainFolder: string, createVm: CreateVm | undefined): Promise<void> {
  // Whatever the user's umask: nothing in the home is for others.
  process.umask(0o077);
  const options = readOptions();
  const files = await prepareHome(locateHome(process.env, options.home));
  const log = createLog(files.logs.berth);
  process.on('unhandledRejection', (error) => log.error('an unhandled rejection', { error }));
  process.on('uncaughtException', (error) => {
    // The VM runs on and is adopted by the next backend.
    log.error('ended by an error', { error });
    say(String(error.stack));
    process.exit(1);
  });
  const { renderer, resources } = await locateApp(mainFolder);
  const opening = runHeadless({
    ...options,
    files,
    log,
    texts,
    renderer,
    resources,
    ...(createVm === undefined ? {} : { createVm }),
    version: APP_VERSION,
    build: APP_BUILD,
    locale: Intl.DateTimeFormat().resolvedOptions().locale,
    print: (line) => void process.stdout.write(`${line}\n`),
    say,
  });
  // From here on: an order to end that comes during the start is carried out after it.
  endOnSignals(opening, log);
  const headless = await opening;
  const attached = await headless.attached();
  if (attached && options.window === 'none') {
    // Another one was faster; there is nothing to show and nothing to own.
    await headless.dispose({ keepVm: true });
    process.exit(0);
  }
  if (attached) {
    const owner = await readOwner(files.lock);
    say(texts.text('cli', 'headless.attached', { pid: owner?.pid ?? 0, home: files.root }));
  }
  if (process.stdin.isTTY) {
    say(texts.text('cli', attached ? 'headless.foregroundAttached' : 'headless.foreground'));
  }
  await headless.ended;
  await headless.dispose({ keepVm: false });
  log.info('ended');
  process.exit(0);
}

function endOnSignals(opening: Promise<Headless>, log: FileLog): void {
  let ending = false;
  const end = (signal: string): void => {
    if (ending) {
      say(texts.text('cli', 'headless.leaving'));
      process.exit(1);
    }
    ending = true;
    log.info('asked to end', { signal });
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('the end failed', { error });
        process.exit(1);
      },
    );
  };
  const stop = async (): Promise<void> => {
    const headless = await opening;
    if (await headless.attached()) {
      await headless.dispose({ keepVm: true });
      say(texts.text('cli', 'headless.detached'));
      return;
    }
    const suspends = await headless.suspends().catch(() => false);
    say(texts.text('cli', suspends ? 'headless.suspending' : 'headless.stopping'));
    await headless.dispose({ keepVm: false });
    say(texts.text('cli', suspends ? 'headless.suspended' : 'headless.stopped'));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => end(signal));
  }
  // A terminal that is closed is no order to stop containers.
  process.on('SIGHUP', () => undefined);
}
