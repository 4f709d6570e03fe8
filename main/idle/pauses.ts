// A pause of the VM for the terminals that it ended: when it is over, and the words of the mark that stands where it was, in the window's language.
import type { Settings, VmStatus } from '../../preload/contract';
import type { Observable } from '../lib/observable';
import type { Pauses } from '../lib/terminal-process';
import { createTexts } from '../lib/texts';

export interface PausesDeps {
  readonly status: Observable<VmStatus>;
  readonly settings: Observable<Settings>;
  /** BCP 47, for a language that follows the system's. */
  readonly locale: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const DAY_MS = 24 * 3600_000;

export function createPauses({ status, settings, locale, now = Date.now }: PausesDeps): Pauses {
  const words = (from: number, to: number): string => {
    const { language } = settings.get();
    const texts = createTexts((language === 'system' ? /^zh/i.test(locale) : language === 'zh-CN') ? 'zh-CN' : 'en');
    const format = new Intl.DateTimeFormat(texts.language, {
      timeStyle: 'medium',
      hourCycle: 'h23',
      ...(to - from > DAY_MS ? { dateStyle: 'short' } : {}),
    });
    return texts.text('vm', 'pause.terminal', { from: format.format(from), to: format.format(to) });
  };
  return {
    over() {
      const { state, suspended } = status.get();
      if (state !== 'suspending' && state !== 'suspended' && state !== 'resuming') {
        return undefined;
      }
      const from = suspended?.at ?? now();
      return new Promise((resolve) => {
        const unsubscribe = status.subscribe((next) => {
          if (next.state === 'running') {
            unsubscribe();
            resolve(words(from, now()));
          } else if (next.state === 'starting' || next.state === 'stopping' || next.state === 'stopped' || next.state === 'failed') {
            // A boot: what the terminal was in is not what it was.
            unsubscribe();
            resolve(undefined);
          }
        });
      });
    },
  };
}
