// The entry of the command line: berth <command>. Exit codes: 0 done, 1 failed, 2 usage, 3 not running.
import { createCommands } from './cli/commands';
import { createConfigCommands } from './cli/config';
import { createConnectCommands } from './cli/connect';
import { cost } from './cli/cost';
import { createMirrorsCommands } from './cli/mirrors';
import { createOutput, EXIT, reportFailure } from './cli/output';
import { boots } from './cli/boots';
import { ports } from './cli/ports';
import { prefixes } from './cli/prefixes';
import { runProgram } from './cli/program';
import { pull } from './cli/pull';
import { createReach } from './cli/reach';
import { createTerminal } from './cli/terminal';
import { createHostCommands } from './cli/host';
import { diagnostics } from './cli/diagnostics';
import { createDiskCommands } from './cli/disk';
import { createRepairCommands } from './cli/repair';
import { createSharesCommands } from './cli/shares';
import { createTrustCommands } from './cli/trust';
import { createConnect } from './connect/create-connect';
import { systemSocketPath } from './connect/system-socket';
import { locateHome, prepareHome } from './control/home';
import { hasDisplay, openBrowser } from './lib/browser';
import { dockerHostOf } from './lib/docker-host';
import type { HomeFiles } from './lib/home';
import { silentLogger } from './lib/logger';
import { createTexts, languageOf } from './lib/texts';
import { APP_BUILD, APP_VERSION, locateApp } from './locate';

async function main(): Promise<number> {
  process.umask(0o077);
  const output = createOutput(createTexts(languageOf(process.env)));
  const interrupted = new AbortController();
  process.on('SIGINT', () => {
    // The second one means it.
    if (interrupted.signal.aborted) {
      process.exit(EXIT.failed);
    }
    interrupted.abort();
  });
  // `berth logs | head` closes the pipe: that is an end, not an error.
  process.stdout.on('error', () => process.exit(EXIT.done));
  const app = await locateApp(__dirname);
  try {
    return await runProgram(process.argv.slice(2), {
      output,
      commands(home) {
        const folder = (): Promise<HomeFiles> => prepareHome(locateHome(process.env, home));
        const reach = createReach({ output, build: APP_BUILD, headless: app.headless, prepareHome: folder });
        const kit = { output, interrupted: interrupted.signal, terminal: createTerminal(process.env), ...reach };
        const surroundings = { ...kit, app, build: APP_BUILD, version: APP_VERSION, prepareHome: folder };
        return {
          ...createCommands({
            ...surroundings,
            openBrowser: async (address, where) => hasDisplay() && openBrowser(address, where),
          }),
          config: createConfigCommands(kit),
          connect: createConnectCommands({
            output,
            connect: async () => {
              const files = await folder();
              return createConnect({
                dockerHost: dockerHostOf(files),
                socket: files.run.docker,
                memoryPath: files.state.connect,
                dockerCliFolder: app.dockerCliFolder,
                systemSocket: systemSocketPath(),
                log: silentLogger,
              });
            },
          }),
          mirrors: createMirrorsCommands(kit),
          host: createHostCommands(kit),
          disk: createDiskCommands(kit),
          diagnostics: (flags) => diagnostics(surroundings, flags),
          repair: createRepairCommands(kit),
          shares: createSharesCommands(kit),
          trust: createTrustCommands(kit),
          prefixes: (...args) => prefixes(kit, ...args),
          ports: (...args) => ports(kit, ...args),
          cost: (...args) => cost(kit, ...args),
          boots: (...args) => boots(kit, ...args),
          pull: (...args) => pull(kit, ...args),
        };
      },
    });
  } catch (error) {
    return reportFailure(error, output);
  }
}

void main().then((code) => {
  process.exitCode = code;
  // Whatever socket is still closing must not hold a finished command.
  setTimeout(() => process.exit(code), 500).unref();
});
