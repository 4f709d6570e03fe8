// The Node that everything but these scripts runs under: npm's `node` package for this system, or the running one where it is new enough.
import { existsSync } from 'node:fs';
import { inModules } from './paths.mjs';
import { StepError } from './steps.mjs';

const major = 24;

export function findNode24() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const file = inModules(`node-${system}-${process.arch}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(file)) {
    return file;
  }
  return Number(process.versions.node.split('.')[0]) >= major ? process.execPath : undefined;
}

export function requireNode24() {
  const node = findNode24();
  if (node === undefined) {
    throw new StepError({
      what: `npm brought no Node ${major} for ${process.platform} ${process.arch}, and the running Node is ${process.versions.node}.`,
      next: `Install Node ${major} or later and run the command with it.`,
    });
  }
  return node;
}
