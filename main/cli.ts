// The entry of the command line: berth <command>. Exit codes: 0 done, 1 failed, 2 usage, 3 not running.
import { createCommands } from './cli/commands';
import { createOutput, EXIT, reportFailure } from './cli/output';
import { runProgram } from './cli/program';
import { locateHome, prepareHome } from './control/home';
import { hasDisplay, openBrowser } from './lib/browser';
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
      commands: (home) =>
        createCommands({
          output,
          app,
          build: APP_BUILD,
          version: APP_VERSION,
          prepareHome: () => prepareHome(locateHome(process.env, home)),
          interrupted: interrupted.signal,
          openBrowser: async (address, folder) => hasDisplay() && openBrowser(address, folder),
        }),
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
