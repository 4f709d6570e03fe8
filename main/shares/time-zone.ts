// This computer's time zone, in the two files of the guest that containers bind by habit (`-v /etc/localtime:/etc/localtime:ro`). The guest has no
// tables of its own, so the table itself is handed over.
import { readFile } from 'node:fs/promises';
import type { GuestExec } from './guest';

/** Not replaced but written over, because a container holds the very file; a folder there is what dockerd makes of a missing one. */
const SCRIPT = 'rmdir /etc/localtime /etc/timezone 2>/dev/null; cat >/etc/localtime && echo "$0" >/etc/timezone';

/** Without such a table (Windows) the guest's time is UTC: the empty file says so. */
export async function tellTimeZone(exec: GuestExec, path = '/etc/localtime'): Promise<void> {
  const table = await readFile(path).catch(() => Buffer.alloc(0));
  const name = table.length === 0 ? 'Etc/UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { code, stderr } = await exec(['sh', '-c', SCRIPT, name], { stdin: table });
  if (code !== 0) {
    throw new Error(`the guest did not take the time zone: ${stderr.trim()}`);
  }
}
