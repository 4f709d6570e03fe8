// The texts of what is not the page: menus, tray, quitting. Same files, same ICU as the window; the language is the user's setting or the system's.
import { IntlMessageFormat } from 'intl-messageformat';
import en from '../../assets/locales/en/desktop.json';
import enErrors from '../../assets/locales/en/errors.json';
import zhCN from '../../assets/locales/zh-CN/desktop.json';
import zhCNErrors from '../../assets/locales/zh-CN/errors.json';
import type { Settings, WireError } from '../../preload/contract';

type Language = Exclude<Settings['language'], 'system'>;
/** `menu.file`, `tray.state.running`… */
type KeyOf<T, P extends string = ''> = { [K in keyof T & string]: T[K] extends string ? `${P}${K}` : KeyOf<T[K], `${P}${K}.`> }[keyof T & string];
export type TextKey = KeyOf<typeof en>;
type Params = Readonly<Record<string, string | number>>;

export interface Texts {
  readonly language: Language;
  text(key: TextKey, params?: Params): string;
  /** Title and next step of an error. */
  error(error: WireError): { readonly title: string; readonly next: string };
}

const files = { en: { desktop: en, errors: enErrors }, 'zh-CN': { desktop: zhCN, errors: zhCNErrors } } as const;

export function createTexts(setting: Settings['language'], systemLocale: string): Texts {
  const language = chooseLanguage(setting, systemLocale);
  const { desktop, errors } = files[language];
  const render = (message: string, params: Params): string => {
    const rendered: unknown = new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).format(params);
    return String(rendered);
  };
  return {
    language,
    text: (key, params = {}) => render(lookUp(desktop, key.split('.')) ?? key, params),
    error({ code, params }) {
      const found = (part: string): string | undefined => lookUp(errors, [code, part]);
      return { title: render(found('title') ?? code, params), next: render(found('next') ?? '', params) };
    },
  };
}

function chooseLanguage(setting: Settings['language'], systemLocale: string): Language {
  if (setting !== 'system') {
    return setting;
  }
  return /^zh/i.test(systemLocale) ? 'zh-CN' : 'en';
}

function lookUp(tree: unknown, path: readonly string[]): string | undefined {
  let value = tree;
  for (const part of path) {
    value = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[part] : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}
