// npm start [-- --browser [--port N] | --electron]: sets everything up, then opens Berth. What it does not say, npm start -- --help does.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchElectron, findElectron, hasDisplay, trialStart } from './lib/electron.mjs';
import { requireNode24 } from './lib/node24.mjs';
import { dist, root } from './lib/paths.mjs';
import { handOver } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';
import { createSteps, failWith } from './lib/steps.mjs';

const help = `npm start [-- options]

  --browser    the browser shell, although Electron may be there
  --port N     the browser shell's port (default: a free one)
  --electron   try to fetch and start Electron again, although an earlier attempt failed
  --help       this text

The home is BERTH_HOME (default ~/.berth). Set-up honours npm's registry and proxy settings, HTTP(S)_PROXY, ELECTRON_MIRROR and
BERTH_DEBIAN_MIRROR; results are cached in XDG_CACHE_HOME/berth (default ~/.cache/berth).
`;

const say = (line) => process.stderr.write(`${line}\n`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      browser: { type: 'boolean' },
      electron: { type: 'boolean' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new Error(`--port takes a number from 0 to 65535, not ${values.port}`);
  }
  return { ...values, port, browser: values.browser === true || port !== undefined };
}

/** Resolves with Electron's file, or with why it will not be used. */
async function chooseElectron(options, fetched) {
  if (options.browser) {
    return { reason: 'asked for' };
  }
  if (!hasDisplay()) {
    return { reason: 'there is no display' };
  }
  const { file, reason } = await fetched;
  if (file === undefined) {
    return { reason: `no Electron: ${reason}` };
  }
  const trial = await trialStart(file);
  return trial.works ? { file } : { reason: `Electron does not start here: ${trial.reason}` };
}

async function main(options) {
  const { step } = createSteps();
  const wantsElectron = !options.browser && hasDisplay();
  // Fetched beside the longer steps, so that it is never in the way.
  let fetched = Promise.resolve({});
  await setUp(step, {
    afterNpm: () => {
      if (wantsElectron) {
        fetched = fetchElectron({ again: options.electron });
      }
    },
  });
  const choice =
    wantsElectron && findElectron() === undefined
      ? await step('Electron', () => chooseElectron(options, fetched))
      : await chooseElectron(options, fetched);
  const env = { ...process.env };
  if (choice.file !== undefined) {
    delete env.ELECTRON_RUN_AS_NODE;
    return handOver(choice.file, [root], { env, cwd: root });
  }
  say(`Browser shell (${choice.reason}).`);
  const args = [hasDisplay() ? '--open' : '--print', ...(options.port === undefined ? [] : ['--port', String(options.port)])];
  return handOver(requireNode24(), [join(dist, 'main', 'headless.cjs'), ...args], { env, cwd: root });
}

let options;
try {
  options = readOptions();
} catch (error) {
  say(`${error.message}\n\n${help}`);
  process.exitCode = 2;
}
if (options?.help === true) {
  process.stdout.write(help);
} else if (options !== undefined) {
  await main(options).then((code) => {
    process.exitCode = code;
  }, failWith);
}
