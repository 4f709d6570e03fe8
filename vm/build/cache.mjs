// Build results: a folder per kind, architecture and hash of the inputs, outside the checkout. A result appears under its
// name only when it is whole; two builds at once wait for one another. Knows nothing of what is built.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, readdir, readlink, rename, rm, lstat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';

export const cacheRoot = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth');

async function* walk(folder) {
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* walk(path);
    } else {
      yield path;
    }
  }
}

export async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** A short hash over the names and bytes of files and of all files below folders (tests aside), and over `more`. */
export async function hashInputs(base, inputs, more) {
  const hash = createHash('sha256').update(JSON.stringify(more));
  for (const input of inputs) {
    for await (const path of (await lstat(join(base, input))).isDirectory() ? walk(join(base, input)) : [join(base, input)]) {
      if (!/\.(test\.ts|md)$/.test(path)) {
        hash.update(`\0${relative(base, path)}\0`).update(await readFile(path));
      }
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** `{path: {sha256, size}}`, links as `{link}`, of everything below a folder. */
export async function listFiles(folder, skip = []) {
  const files = {};
  for await (const path of walk(folder)) {
    const name = relative(folder, path);
    if (skip.includes(name)) {
      continue;
    }
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) {
      files[name] = { link: await readlink(path) };
    } else if (stat.isFile()) {
      files[name] = { sha256: await sha256(path), size: stat.size };
    }
  }
  return files;
}

/** Holds an advisory lock, which the kernel gives back whatever becomes of this process. Resolves to its release. */
async function lock(path, log, what) {
  // The lock belongs to the open file, not to the program that asks for it.
  const file = openSync(path, 'a');
  const attempt = (...flags) =>
    new Promise((resolve, reject) => {
      const child = spawn('flock', [...flags, '3'], { stdio: ['ignore', 'ignore', 'inherit', file] });
      child.on('error', reject);
      child.on('close', (code) => resolve(code === 0));
    });
  if (!(await attempt('--nonblock'))) {
    log(`${what}: another build is under way; waiting for it`);
    if (!(await attempt())) {
      throw new Error(`${path} could not be locked`);
    }
  }
  return () => closeSync(file);
}

const remove = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });

const whole = (folder) => existsSync(join(folder, 'manifest.json'));

/**
 * The folder of a result: the cached one (then nothing is run and the network is not needed), or what `make(temporary)`
 * builds and describes. `make` returns the manifest's own fields; files and their sums are added here.
 */
export async function cached({ kind, arch, hash, log, force = false, make }) {
  const root = cacheRoot();
  const name = `${kind}-${arch}-${hash}`;
  const folder = join(root, name);
  if (whole(folder) && !force) {
    return folder;
  }
  await mkdir(root, { recursive: true });
  const release = await lock(join(root, `${kind}-${arch}.lock`), log, kind);
  try {
    if (whole(folder) && !force) {
      return folder;
    }
    // With the lock held, whatever is half made belongs to a build that is dead; a program of its may take a moment to follow.
    for (const entry of await readdir(root)) {
      if (entry.startsWith(`${kind}-${arch}-`) && /\.(building|old)-\d+$/.test(entry)) {
        await remove(join(root, entry));
      }
    }
    const temporary = `${folder}.building-${process.pid}`;
    await mkdir(temporary);
    try {
      const fields = await make(temporary);
      const manifest = { format: 1, kind, arch, hash, builtAt: new Date().toISOString(), ...fields, files: await listFiles(temporary) };
      await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
      if (existsSync(folder)) {
        await rename(folder, `${folder}.old-${process.pid}`);
      }
      await rename(temporary, folder);
    } finally {
      await remove(temporary);
      await remove(`${folder}.old-${process.pid}`);
    }
    return folder;
  } finally {
    release();
  }
}
