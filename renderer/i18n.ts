// Languages of the window: texts come from assets/locales, bundled; nothing is fetched. Errors and formats of figures are in format.ts.
import i18next from 'i18next';
import type { i18n, Resource } from 'i18next';
import ICU from 'i18next-icu';
import { initReactI18next } from 'react-i18next';
import type { Settings } from '../preload/contract';

export type Language = 'en' | 'zh-CN';

/** Remembered, so that the first paint is right before the settings arrive. */
const KEY = 'berth.language';

const files = import.meta.glob<Record<string, unknown>>(
  '../assets/locales/*/{common,frame,connect,cost,daemon,diagnostics,disk,engine-settings,dashboard,settings,shares,host,containers,images,mirrors,ports,repair,run,logs,terminal,trust,errors,vm,doctor}.json',
  {
    eager: true,
    import: 'default',
  },
);

export function createI18n(): i18n {
  const instance = i18next.createInstance();
  void instance
    .use(ICU)
    .use(initReactI18next)
    .init({
      resources: resources(),
      lng: resolveLanguage(remembered()),
      fallbackLng: 'en',
      defaultNS: 'common',
      interpolation: { escapeValue: false },
      returnNull: false,
      initAsync: false,
    });
  show(instance.language);
  instance.on('languageChanged', show);
  return instance;
}

export function setLanguage(instance: i18n, setting: Settings['language']): void {
  localStorage.setItem(KEY, setting);
  const language = resolveLanguage(setting);
  if (instance.language !== language) {
    void instance.changeLanguage(language);
  }
}

export function resolveLanguage(setting: Settings['language'], preferred: readonly string[] = navigator.languages): Language {
  if (setting !== 'system') {
    return setting;
  }
  const first = preferred.find((tag) => /^(en|zh)\b/i.test(tag));
  return first !== undefined && /^zh/i.test(first) ? 'zh-CN' : 'en';
}

function remembered(): Settings['language'] {
  const value = localStorage.getItem(KEY);
  return value === 'en' || value === 'zh-CN' ? value : 'system';
}

function resources(): Resource {
  const result: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const [path, texts] of Object.entries(files)) {
    const [, language, namespace] = /([^/]+)\/([^/]+)\.json$/.exec(path) ?? [];
    if (language !== undefined && namespace !== undefined) {
      (result[language] ??= {})[namespace] = texts;
    }
  }
  return result;
}

function show(language: string): void {
  document.documentElement.lang = language;
}
