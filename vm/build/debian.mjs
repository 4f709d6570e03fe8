// mmdebstrap: which Debian, which engine packages, from which mirror, under which limits. Names no host: without a setting
// mmdebstrap's own default holds, and testing's source line is derived from stable's.
import { createWriteStream, existsSync } from 'node:fs';
import { run } from './steps.mjs';

const SUITE = 'trixie';
const ENGINE_SUITE = 'forky';
const MINUTES = 60000;

export const enginePackages = ['docker.io', 'docker-cli', 'containerd', 'runc', 'docker-buildx', 'docker-compose'];

/** What a machine needs to build guest and bundle, as Debian and Ubuntu name it. */
export const debianPackages = [
  'mmdebstrap',
  'debian-archive-keyring',
  'erofs-utils',
  'uidmap',
  'gcc',
  'libc6-dev',
  'binutils',
  'xz-utils',
  'zstd',
  'e2fsprogs',
  'util-linux',
];

// $1 is the new root. Pins: the engine from testing, everything else of testing only where the engine cannot do without.
const ENGINE_HOOK = `
set -eu
sed -n 's/^\\(deb .*\\) ${SUITE} \\(main.*\\)$/\\1 ${ENGINE_SUITE} \\2/p' "$1/etc/apt/sources.list" | head -n 1 >"$1/etc/apt/sources.list.d/engine.list"
test -s "$1/etc/apt/sources.list.d/engine.list"
mkdir -p "$1/etc/apt/preferences.d"
cat >"$1/etc/apt/preferences.d/engine" <<'PINS'
Package: ${enginePackages.join(' ')}
Pin: release n=${ENGINE_SUITE}
Pin-Priority: 990

Package: *
Pin: release n=${ENGINE_SUITE}
Pin-Priority: 100
PINS
`;

/** Proxies and the wish to accept old indexes (a frozen mirror) are the machine's; its apt knows them. */
async function machineAptOptions() {
  const keys = ['Acquire::http::Proxy', 'Acquire::https::Proxy', 'Acquire::Check-Valid-Until', 'Acquire::Check-Date'];
  const dump = await run('apt-config', ['dump', ...keys]).catch(() => Buffer.alloc(0));
  return `${dump}`.split('\n').filter((line) => /"[^"]+";$/.test(line));
}

function mirrors() {
  const mirror = process.env.BERTH_DEBIAN_MIRROR;
  const security = process.env.BERTH_DEBIAN_SECURITY_MIRROR;
  if (!mirror) {
    return [];
  }
  return [
    `deb ${mirror} ${SUITE} main`,
    `deb ${mirror} ${SUITE}-updates main`,
    ...(security ? [`deb ${security} ${SUITE}-security main`] : []),
  ];
}

/** mmdebstrap's progress in words, from its log. */
function describe(line) {
  const got = /^Get:(\d+) \S+ \S+ \S+ (\S+)/.exec(line);
  if (got) {
    return `downloading ${got[2]} (${got[1]})`;
  }
  const unpacked = /^(?:Unpacking|Setting up) (\S+)/.exec(line);
  if (unpacked) {
    return unpacked[0];
  }
  return /^I: ([a-z].*)/.exec(line)?.[1];
}

async function attempt({ arch, variant, packages, hooks, target, testing, temporary, progress, logFile }) {
  const transcript = createWriteStream(logFile);
  // A hook's failure is no fault of the packages; mmdebstrap shows the text of each hook when it starts it.
  let hooksBegan = false;
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const aptOptions = [
    'APT::Install-Recommends "false"',
    'Acquire::Languages "none"',
    'Acquire::Retries "5"',
    'Acquire::http::Timeout "30"',
    'Acquire::https::Timeout "30"',
    ...(await machineAptOptions()),
  ];
  const args = [
    '--verbose',
    `--variant=${variant}`,
    `--architectures=${arch.debian}`,
    ...(existsSync(keyring) ? [`--keyring=${keyring}`] : []),
    ...aptOptions.map((option) => `--aptopt=${option}`),
    ...(testing ? [`--setup-hook=${ENGINE_HOOK}`] : []),
    ...hooks,
    `--include=${packages.join(',')}`,
    SUITE,
    target,
    ...mirrors(),
  ];
  // As root the scratch files lie beside the result, on its disk; mapped users of an ordinary user cannot go there.
  const TMPDIR = process.getuid() === 0 ? temporary : '/var/tmp';
  await run('mmdebstrap', args, {
    env: { ...process.env, TMPDIR, INITRD: 'No', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' },
    limitMs: 60 * MINUTES,
    ownGroup: true,
    onLine: (line) => {
      transcript.write(`${line}\n`);
      hooksBegan ||= /^I: running --customize-hook/.test(line);
      const words = describe(line);
      if (words) {
        progress(words);
      }
    },
  })
    .catch((error) => {
      throw Object.assign(error, { message: `${error.message}; all of its output: ${logFile}`, final: hooksBegan || error.missing });
    })
    .finally(() => transcript.end());
}

/** Testing's engine where it installs, else stable's; says which. Other arguments: see attempt(). */
export async function mmdebstrap({ log, ...options }) {
  try {
    await attempt({ ...options, testing: true });
    return 'testing';
  } catch (error) {
    if (error.final) {
      throw error;
    }
    log(`Debian testing's engine cannot be taken (${error.message}); trying Debian stable's. mmdebstrap said:`);
    for (const line of (error.output ?? '').split('\n').slice(-6)) {
      log(`    ${line}`);
    }
  }
  await attempt({ ...options, testing: false });
  return 'stable';
}

/** `{name: version}` from the text of a dpkg status file. */
export function packageVersions(status) {
  const versions = {};
  for (const stanza of status.split('\n\n')) {
    const name = /^Package: (.+)$/m.exec(stanza)?.[1];
    const version = /^Version: (.+)$/m.exec(stanza)?.[1];
    if (name && version && /^Status: .* installed$|^Status: .* unpacked$/m.test(stanza)) {
      versions[name] = version;
    }
  }
  return versions;
}
