// Debian packages: only those that are missing, by apt-get as root or by sudo after showing the command; else it says exactly what to install.
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';
import { lastLines, run } from './run.mjs';
import { StepError } from './steps.mjs';

const limitMs = 15 * 60_000;

export function inPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/** A name, or alternatives ("libasound2t64|libasound2": Ubuntu renamed some); the first that the system knows is the one installed. */
export async function missingDebianPackages(wanted) {
  const names = wanted.flatMap((entry) => entry.split('|'));
  const result = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]);
  const installed = new Set(result.output.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])));
  return wanted.filter((entry) => !entry.split('|').some((name) => installed.has(name)));
}

async function known(name) {
  const result = await run('apt-cache', ['show', '--no-all-versions', name]);
  return result.code === 0;
}

async function chooseNames(wanted) {
  const chosen = [];
  for (const entry of wanted) {
    const names = entry.split('|');
    let pick = names[0];
    for (const name of names.length > 1 ? names : []) {
      if (await known(name)) {
        pick = name;
        break;
      }
    }
    chosen.push(pick);
  }
  return chosen;
}

function listsArePresent() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages') || name.endsWith('Packages.lz4'));
  } catch {
    return false;
  }
}

export async function installDebianPackages(missing, report, say) {
  const toDo = (names) => `Install them yourself and run the command again:\n  apt-get install --no-install-recommends ${names.join(' ')}`;
  if (!inPath('apt-get')) {
    throw new StepError({
      what: `This system has no apt-get, and these programs of Debian are missing: ${missing.join(', ')}.`,
      next: toDo(missing),
    });
  }
  const isRoot = process.getuid?.() === 0;
  const interactive = process.stdin.isTTY === true;
  if (!isRoot && (!inPath('sudo') || (!interactive && (await run('sudo', ['-n', 'true'])).code !== 0))) {
    throw new StepError({
      what: `Missing packages, and only root may install them: ${missing.join(', ')}.`,
      next: `As root: ${toDo(missing)}`,
    });
  }
  const apt = async (...args) => {
    const options = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '-o', 'Acquire::http::Timeout=60'];
    const line = ['apt-get', ...options, ...args];
    if (isRoot) {
      return run(line[0], line.slice(1), {
        timeoutMs: limitMs,
        onLine: report,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    }
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', ...line];
    say(`  sudo ${command.join(' ')}`);
    return run('sudo', command, { timeoutMs: limitMs, onLine: report, stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'pipe'] });
  };
  const install = async () => apt('install', '--no-install-recommends', ...(await chooseNames(missing)));
  let result;
  if (listsArePresent()) {
    result = await install();
  }
  if (result === undefined || result.code !== 0) {
    await apt('update');
    result = await install();
  }
  if (result.code !== 0) {
    throw new StepError({
      what: `apt-get could not install ${missing.join(', ')}:\n${lastLines(result.output)}`,
      kept: 'Packages that were installed stay; apt keeps what it downloaded.',
      next: `Check the network and /etc/apt/sources.list. ${toDo(missing)}`,
    });
  }
}
