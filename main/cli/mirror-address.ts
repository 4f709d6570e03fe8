// Addresses of mirrors as they were typed, made into those that are kept: an error is wrong usage, a warning is said and keeps nobody from it.
import { DIRECT } from '../../preload/contract';
import type { Client, WireError } from '../../preload/contract';
import { wrongUsage } from './kit';
import type { Kit } from './kit';

export async function checkedAddresses({ output }: Kit, client: Client, given: readonly string[]): Promise<string[]> {
  const words = (error: WireError): { readonly title: string; readonly next: string } => output.texts.error(error);
  const urls: string[] = [];
  for (const each of given) {
    const { url, error, warning } = each === DIRECT ? { url: DIRECT } : await client.call('mirrors.check', { url: each });
    if (error !== undefined) {
      throw wrongUsage(output, 'usage.mirror', { given: each, title: words(error).title, next: words(error).next });
    }
    if (warning !== undefined) {
      output.say(output.texts.text('cli', 'mirrors.warning', { url, title: words(warning).title, next: words(warning).next }));
    }
    urls.push(url);
  }
  return [...new Set(urls)];
}
