// The end of a log as text: whole lines, without what a terminal would act on. Knows no log.
import { open } from 'node:fs/promises';
import { printable } from '../vm/logs';

const TAIL_BYTES = 512 * 1024;

export async function printableTail(path: string, limit = TAIL_BYTES): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - limit);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, limit)), 0, Math.min(size, limit), from);
    const text = buffer.toString('utf8', 0, bytesRead);
    const whole = from === 0 ? text : text.slice(text.indexOf('\n') + 1);
    return whole.split('\n').map(printable).join('\n');
  } finally {
    await file.close();
  }
}
