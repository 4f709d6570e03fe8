// What a mirror is called: its own name, else the preset's in the window's language, else its host.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { DIRECT } from '../../../preload/contract';
import type { MirrorPreset } from '../../../preload/contract';

export type NameOf = (mirror: { readonly url: string; readonly name?: string }) => string;

export function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

/** A personal preset is recognised by what stands around the id. */
export function isPreset({ url: pattern }: Pick<MirrorPreset, 'url'>, url: string): boolean {
  const [before = '', after] = pattern.split('{id}', 2);
  return after === undefined ? url === pattern : url.length > pattern.length - 4 && url.startsWith(before) && url.endsWith(after);
}

export function useNames(presets: readonly MirrorPreset[]): NameOf {
  const { t, i18n } = useTranslation('mirrors');
  const language = i18n.language === 'zh-CN' ? 'zh-CN' : 'en';
  return useMemo(
    () =>
      ({ url, name = '' }) => {
        if (url === DIRECT) {
          return t('row.direct');
        }
        const preset = presets.find((each) => isPreset(each, url));
        const own = name !== '' && name !== preset?.name.en && name !== preset?.name['zh-CN'];
        return own ? name : (preset?.name[language] ?? hostOf(url));
      },
    [t, presets, language],
  );
}

export function useTextOf(): (text: MirrorPreset['name']) => string {
  const { i18n } = useTranslation();
  const language = i18n.language === 'zh-CN' ? 'zh-CN' : 'en';
  return useMemo(() => (text) => text[language], [language]);
}
