// Electron's binary: where it is, one bounded attempt to fetch it, and a trial start, because a binary that is there may still refuse to
// run (as root, or where the system forbids its sandbox). What was found out is remembered; every "no" carries its reason in words.
import { existsSync, rmSync, statSync, mkdtempSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJson, writeJson } from './files.mjs';
import { findNode24 } from './node24.mjs';
import { cacheRoot, inModules, root } from './paths.mjs';
import { lastLines, run } from './run.mjs';

const fetchLimitMs = 60_000;
const trialLimitMs = 30_000;

const program = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform] ?? 'electron';

export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY);
}

export function findElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const file = override ? join(override, program) : inModules('electron', 'dist', program);
  return existsSync(file) ? file : undefined;
}

function fetchRecord() {
  return join(cacheRoot, `electron-${readJson(inModules('electron', 'package.json'))?.version}-fetch.json`);
}

/**
 * Electron's own install script, which honours ELECTRON_MIRROR and npm's setting of that name and checks the sum. Tried once a version;
 * `again` tries once more. Resolves with { file } or { reason }.
 */
export async function fetchElectron({ again = false } = {}) {
  const present = findElectron();
  if (present !== undefined) {
    return { file: present };
  }
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH) {
    return { reason: `ELECTRON_OVERRIDE_DIST_PATH is set, and ${process.env.ELECTRON_OVERRIDE_DIST_PATH} holds no ${program}` };
  }
  const script = inModules('electron', 'install.js');
  if (!existsSync(script)) {
    return { reason: 'the npm package electron is not installed' };
  }
  const record = fetchRecord();
  const earlier = readJson(record);
  if (earlier !== undefined && !again) {
    return { reason: `it could not be fetched on ${earlier.at.slice(0, 10)}: ${earlier.reason} (npm start -- --electron tries again)` };
  }
  const proxied = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => Boolean(process.env[name]));
  const env = { ...process.env, ...(proxied ? { ELECTRON_GET_USE_PROXY: '1' } : {}) };
  const result = await run(findNode24() ?? process.execPath, [script], { cwd: root, env, timeoutMs: fetchLimitMs });
  const file = findElectron();
  if (result.code === 0 && file !== undefined) {
    rmSync(record, { force: true });
    return { file };
  }
  const error = /^.*(?:Error|ENOTFOUND|ECONN|ETIMEDOUT|status code).*$/m.exec(result.output)?.[0] ?? lastLines(result.output, 1);
  const reason = result.timedOut ? `not complete within ${fetchLimitMs / 1000} s` : error.trim().slice(0, 200);
  writeJson(record, { at: new Date().toISOString(), reason });
  return { reason: `it could not be fetched: ${reason}` };
}

/** Opens a sandboxed, invisible window once a binary, user and kernel. Resolves with { works, reason? }. */
export async function trialStart(file, { command = [file] } = {}) {
  const { size, mtimeMs } = statSync(file);
  const key = [file, size, Math.round(mtimeMs), process.getuid?.() ?? '', release()].join('|');
  const record = join(cacheRoot, 'electron-trials.json');
  const known = readJson(record) ?? {};
  if (known[key]?.works === true) {
    return known[key];
  }
  const profile = mkdtempSync(join(tmpdir(), 'berth-trial-'));
  const env = { ...process.env };
  delete env.ELECTRON_RUN_AS_NODE;
  try {
    const args = [...command.slice(1), `--user-data-dir=${profile}`, join(root, 'scripts', 'lib', 'electron-trial')];
    const result = await run(command[0], args, { env, timeoutMs: trialLimitMs });
    const works = result.code === 0 && result.output.includes('trial: sandboxed');
    const lines = result.output
      .split('\n')
      .filter((line) => /error|not supported|sandbox|cannot open|Missing/i.test(line) && !/dbus|gpu|viz|gl_/i.test(line));
    const why = (lines[0] ?? lastLines(result.output, 1)).replace(/^\[[^\]]*\]\s*/, '').trim();
    const verdict = works
      ? { works }
      : { works, reason: result.timedOut ? `no window within ${trialLimitMs / 1000} s` : why || `exit code ${result.code}` };
    writeJson(record, { ...readJson(record), [key]: verdict });
    return verdict;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
