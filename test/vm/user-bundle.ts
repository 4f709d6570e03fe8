// A bundle whose virtiofsd runs as an ordinary user though the test is run by root: what users have, on the machine that tests have. In a user
// namespace of its own it is user 1000 without any capability, and the files of whoever runs the test are that user's.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resources } from '../../main/vm/resources';

/** As containers see what is the user's. */
export const USER = 1000;

export interface UserBundle {
  readonly resources: Resources;
  remove(): Promise<void>;
}

/** `without` is a folder whose server has no owners library, for comparison. */
export async function makeUserBundle(resources: Resources, options: { readonly without?: string } = {}): Promise<UserBundle> {
  const bundle = await mkdtemp(join(tmpdir(), 'berth-bundle-'));
  await mkdir(join(bundle, 'bin'));
  for (const name of await readdir(resources.bundle)) {
    if (name !== 'bin' && name !== 'manifest.json') {
      await symlink(join(resources.bundle, name), join(bundle, name));
    }
  }
  for (const name of await readdir(join(resources.bundle, 'bin'))) {
    if (name !== 'virtiofsd') {
      await symlink(join(resources.bundle, 'bin', name), join(bundle, 'bin', name));
    }
  }
  const server = join(bundle, 'bin/virtiofsd');
  const ids = process.getuid?.() === 0 ? `unshare --user --map-user=${USER} --map-group=${USER} -- ` : '';
  const bare = options.without === undefined ? '' : `case " $* " in *' ${options.without} '*) unset BERTH_OWNERS ;; esac\n`;
  await writeFile(server, `#!/bin/sh\n${bare}exec ${ids}'${join(resources.bundle, 'bin/virtiofsd')}' "$@"\n`);
  await chmod(server, 0o755);
  const manifest = JSON.parse(await readFile(join(resources.bundle, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify({ ...manifest, files: {} }));
  return { resources: { ...resources, bundle }, remove: () => rm(bundle, { recursive: true, force: true }) };
}
