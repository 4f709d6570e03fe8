// Boots the one VM that every file of test/vm shares, and stops it at the end. It runs on its own in between: each file adopts it.
import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { makeHome, openVm } from './open-vm';

declare module 'vitest' {
  export interface ProvidedContext {
    vmHome: string;
  }
}

let home = '';

export async function setup(project: TestProject): Promise<void> {
  home = await makeHome('berth-vm-');
  const first = await openVm(home);
  try {
    await first.vm.start();
  } catch (error) {
    await first.close({ keepVm: false });
    throw new Error(`the tests' VM did not start (logs in ${first.files.logs.folder})`, { cause: error });
  }
  await first.close({ keepVm: true });
  project.provide('vmHome', home);
}

export async function teardown(): Promise<void> {
  const last = await openVm(home);
  await last.vm.adopt();
  await last.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
}
