// The texts of what is not the page (menus, tray, quitting), in the language of the user's setting or of the system; keys are checked by the compiler.
import type desktop from '../../assets/locales/en/desktop.json';
import type { Settings } from '../../preload/contract';
import { createTexts } from '../lib/texts';
import type { Texts as AllTexts } from '../lib/texts';

/** `menu.file`, `tray.state.running`… */
type KeyOf<T, P extends string = ''> = { [K in keyof T & string]: T[K] extends string ? `${P}${K}` : KeyOf<T[K], `${P}${K}.`> }[keyof T &
  string];
export type TextKey = KeyOf<typeof desktop>;

export interface Texts extends Pick<AllTexts, 'language' | 'error'> {
  text(key: TextKey, params?: Readonly<Record<string, string | number>>): string;
}

export function desktopTexts(setting: Settings['language'], systemLocale: string): Texts {
  const fromSystem = /^zh/i.test(systemLocale) ? 'zh-CN' : 'en';
  const texts = createTexts(setting === 'system' ? fromSystem : setting);
  return { language: texts.language, error: (error) => texts.error(error), text: (key, params) => texts.text('desktop', key, params) };
}
