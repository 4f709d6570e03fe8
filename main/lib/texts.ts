// Texts for what has no window: the command line, menus and tray, the engine's 503 answers. The same locale files and ICU messages as the page's.
import { IntlMessageFormat } from 'intl-messageformat';
import enCli from '../../assets/locales/en/cli.json';
import enCost from '../../assets/locales/en/cost.json';
import enDesktop from '../../assets/locales/en/desktop.json';
import enDisk from '../../assets/locales/en/disk.json';
import enDoctor from '../../assets/locales/en/doctor.json';
import enErrors from '../../assets/locales/en/errors.json';
import enMirrors from '../../assets/locales/en/mirrors.json';
import enRepair from '../../assets/locales/en/repair.json';
import enVm from '../../assets/locales/en/vm.json';
import zhCli from '../../assets/locales/zh-CN/cli.json';
import zhCost from '../../assets/locales/zh-CN/cost.json';
import zhDesktop from '../../assets/locales/zh-CN/desktop.json';
import zhDisk from '../../assets/locales/zh-CN/disk.json';
import zhDoctor from '../../assets/locales/zh-CN/doctor.json';
import zhErrors from '../../assets/locales/zh-CN/errors.json';
import zhMirrors from '../../assets/locales/zh-CN/mirrors.json';
import zhRepair from '../../assets/locales/zh-CN/repair.json';
import zhVm from '../../assets/locales/zh-CN/vm.json';
import type { WireError } from '../../preload/contract';

export type Language = 'en' | 'zh-CN';
export type TextParams = Readonly<Record<string, string | number>>;
export type Namespace = 'cli' | 'cost' | 'desktop' | 'disk' | 'doctor' | 'errors' | 'mirrors' | 'repair' | 'vm';

export interface ErrorText {
  readonly title: string;
  readonly kept: string;
  readonly next: string;
}

export interface Texts {
  readonly language: Language;
  /** The key itself where there is no text, so that a newer backend's words are not lost. */
  text(namespace: Namespace, key: string, params?: TextParams): string;
  error(error: WireError): ErrorText;
  /** What happened and what to do. */
  readonly inShort: (error: WireError) => string;
  bytes(count: number): string;
}

const files: Readonly<Record<Language, Readonly<Record<Namespace, unknown>>>> = {
  en: {
    cli: enCli,
    cost: enCost,
    desktop: enDesktop,
    disk: enDisk,
    doctor: enDoctor,
    errors: enErrors,
    mirrors: enMirrors,
    repair: enRepair,
    vm: enVm,
  },
  'zh-CN': {
    cli: zhCli,
    cost: zhCost,
    desktop: zhDesktop,
    disk: zhDisk,
    doctor: zhDoctor,
    errors: zhErrors,
    mirrors: zhMirrors,
    repair: zhRepair,
    vm: zhVm,
  },
};

export function createTexts(language: Language): Texts {
  const bytes = (count: number): string => formatBytes(count, language);
  const text = (namespace: Namespace, key: string, params: TextParams = {}): string => {
    const message = lookUp(files[language][namespace], key);
    if (message === undefined) {
      return key;
    }
    const shown = Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, name.endsWith('Bytes') && typeof value === 'number' ? bytes(value) : value]),
    );
    const rendered: unknown = new IntlMessageFormat(message, language, undefined, { ignoreTag: true }).format(shown);
    return String(rendered);
  };
  return {
    language,
    text,
    bytes,
    error: ({ code, params }) => ({
      title: text('errors', `${code}.title`, params),
      kept: text('errors', `${code}.kept`, params),
      next: text('errors', `${code}.next`, params),
    }),
    inShort: ({ code, params }) => `${text('errors', `${code}.title`, params)}. ${text('errors', `${code}.next`, params)}`,
  };
}

/** From LC_ALL, LC_MESSAGES or LANG, e.g. "zh_CN.UTF-8"; every Chinese is answered in zh-CN. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = [environment['LC_ALL'], environment['LC_MESSAGES'], environment['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return /^zh/i.test(locale ?? '') ? 'zh-CN' : 'en';
}

/** Keys hold dots themselves ("vm.busy.title"), so each level takes the longest part that fits. */
function lookUp(tree: unknown, key: string): string | undefined {
  if (typeof tree !== 'object' || tree === null) {
    return undefined;
  }
  const level = tree as Readonly<Record<string, unknown>>;
  const whole = Object.hasOwn(level, key) ? level[key] : undefined;
  if (typeof whole === 'string') {
    return whole;
  }
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) {
    const head = key.slice(0, dot);
    const found = Object.hasOwn(level, head) ? lookUp(level[head], key.slice(dot + 1)) : undefined;
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Powers of 1024 as in the window's figures of memory, which is what is counted here. */
function formatBytes(count: number, language: Language): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: unit < 2 ? 0 : 1 }).format(value)} ${units[unit] ?? ''}`;
}
