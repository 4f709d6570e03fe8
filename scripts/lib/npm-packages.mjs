// npm's packages: installed when node_modules does not hold what the lock asks for. npm's own hidden lockfile tells, since npm writes it
// last: an interrupted installation leaves none. The registry, proxies and caches are npm's settings and stay untouched.
import { existsSync } from 'node:fs';
import { readJson } from './files.mjs';
import { inModules, root } from './paths.mjs';
import { lastLines, run } from './run.mjs';
import { StepError } from './steps.mjs';
import { join } from 'node:path';

const limitMs = 20 * 60_000;
const attempts = 3;

export function npmPackagesMissing() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const have = readJson(inModules('.package-lock.json'))?.packages;
  if (have === undefined) {
    return true;
  }
  return Object.entries(wanted).some(([path, entry]) => {
    const found = have[path];
    if (path === '' || (found === undefined && (entry.optional === true || entry.peer === true))) {
      return false;
    }
    return found?.version !== entry.version || found?.integrity !== entry.integrity;
  });
}

/** npm as it was called, or the one in PATH. */
export function npmCommand() {
  const path = process.env.npm_execpath;
  return path !== undefined && path.endsWith('.js') && existsSync(path) ? [process.execPath, path] : ['npm'];
}

export async function installNpmPackages(report) {
  const [command, ...before] = npmCommand();
  const args = [
    ...before,
    'ci',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--fetch-retries=5',
    '--fetch-timeout=120000',
    '--loglevel=http',
  ];
  let last = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    let fetched = 0;
    const result = await run(command, args, {
      cwd: root,
      timeoutMs: limitMs,
      onLine: (line) => {
        if (!line.startsWith('npm http')) {
          return;
        }
        fetched += 1;
        report(`${fetched} requests answered`);
      },
    });
    if (result.code === 0) {
      return;
    }
    // npm says the cause first and its usage last.
    const errors = result.output.split('\n').filter((line) => line.startsWith('npm error') && line.length > 'npm error '.length);
    last = errors.length === 0 ? lastLines(result.output) : errors.slice(0, 12).join('\n');
    if (result.timedOut || !/ETIMEDOUT|ECONNRESET|EAI_AGAIN|ENOTFOUND|socket|network|50\d /i.test(result.output)) {
      break;
    }
    report(`attempt ${attempt + 1}`);
  }
  throw new StepError({
    what: `npm ci failed:\n${last}`,
    kept: 'What was downloaded is in npm’s cache; the next try takes it from there.',
    next: 'Check the network, the registry (npm config get registry) and the proxy (npm config get proxy), then run the command again.',
  });
}
