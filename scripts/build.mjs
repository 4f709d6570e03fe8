// Builds the application into dist/: node scripts/build.mjs [part]… [--force]. What is fresh already is left alone.
import { readJson, writeJson } from './lib/files.mjs';
import { findNode24 } from './lib/node24.mjs';
import { buildRecord, parts } from './lib/parts.mjs';
import { run } from './lib/run.mjs';

export async function buildApplication({ names = [], force = false, say = () => {} } = {}) {
  const { buildPart } = await import('./lib/bundle.mjs');
  const wanted = parts().filter((part) => (names.length === 0 || names.includes(part.name)) && (force || !part.fresh));
  for (const part of wanted) {
    say(part.name);
    await buildPart(part);
    writeJson(buildRecord, { ...readJson(buildRecord), [part.name]: part.hash });
  }
  return wanted.map((part) => part.name);
}

if (process.argv[1] === import.meta.filename || process.argv[1] === new URL(import.meta.url).pathname) {
  const args = process.argv.slice(2);
  const node = findNode24();
  if (Number(process.versions.node.split('.')[0]) < 24 && node !== undefined && node !== process.execPath) {
    // The bundlers want a newer Node than the one that npm may run under.
    const result = await run(node, [new URL(import.meta.url).pathname, ...args], { stdio: 'inherit' });
    process.exitCode = result.code;
  } else {
    const names = args.filter((arg) => !arg.startsWith('-'));
    const built = await buildApplication({ names, force: args.includes('--force'), say: (name) => console.log(`building ${name}`) });
    console.log(built.length === 0 ? 'nothing to build' : `built ${built.join(', ')}`);
  }
}
