// Ctrl-K: pages, containers, actions in one list. Enter opens, Ctrl-Enter does the first action of the row.
import { Spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../ui/icon';
import css from './palette.module.css';
import { usePaletteItems } from './palette-items';
import type { PaletteItem } from './palette-items';
import { modKey } from './shortcuts';

const GROUPS = ['containers', 'pages', 'actions'] as const;
const MOST = 8;

export function Palette(): ReactNode {
  const { t } = useTranslation('frame');
  const [query, setQuery] = useState('');
  const [opened, setOpened] = useState(false);
  return (
    <Spotlight.Root
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setOpened(true)}
      onSpotlightClose={() => setOpened(false)}
      shortcut="mod + K"
      tagsToIgnore={[]}
      triggerOnContentEditable
      size={640}
      yOffset={92}
      centered={false}
      transitionProps={{ duration: 120, transition: 'fade' }}
      overlayProps={{ color: 'var(--b-scrim)', backgroundOpacity: 1, blur: 0 }}
      aria-label={t('palette.open')}
    >
      {opened ? <Content query={query} /> : null}
    </Spotlight.Root>
  );
}

function Content({ query }: { readonly query: string }): ReactNode {
  const { t } = useTranslation('frame');
  const withMod = useRef(false);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = usePaletteItems().filter(({ label, detail = '' }) =>
    words.every((word) => `${label} ${detail}`.toLowerCase().includes(word)),
  );
  const run = (item: PaletteItem): void => (withMod.current && item.first !== undefined ? item.first.run() : item.open());
  return (
    <>
      <Spotlight.Search
        classNames={{ input: css['search'] ?? '' }}
        placeholder={t('palette.open')}
        aria-label={t('palette.open')}
        leftSection={<Icon of={IconSearch} />}
        rightSection={<span className="s t3 nowrap">{t('palette.found', { count: found.length })}</span>}
        rightSectionWidth={90}
        onKeyDown={(event) => {
          withMod.current = event.ctrlKey || event.metaKey;
        }}
      />
      <Spotlight.ActionsList className={css['list']}>
        {GROUPS.map((group) => {
          const items = found.filter((item) => item.group === group).slice(0, group === 'actions' ? undefined : MOST);
          return items.length === 0 ? null : (
            <Spotlight.ActionsGroup key={group} className={css['group']} label={t(`palette.group.${group}`)}>
              {items.map((item) => (
                <Spotlight.Action
                  key={item.id}
                  className={css['item']}
                  onClick={() => run(item)}
                  onMouseDown={(event) => (withMod.current = event.ctrlKey)}
                >
                  <span className={css['mark']}>{item.mark}</span>
                  <span className="ell">
                    <Highlight text={item.label} words={words} />
                  </span>
                  {item.detail === undefined ? null : <code className={css['detail']}>{item.detail}</code>}
                  <span className={css['keys']}>
                    {t('palette.enter')} <kbd>↵</kbd>
                    {item.first === undefined ? null : (
                      <>
                        {item.first.label} <kbd>{modKey} ↵</kbd>
                      </>
                    )}
                  </span>
                </Spotlight.Action>
              ))}
            </Spotlight.ActionsGroup>
          );
        })}
        {found.length === 0 ? <Spotlight.Empty>{t('palette.none', { query })}</Spotlight.Empty> : null}
      </Spotlight.ActionsList>
      <Spotlight.Footer className={css['foot']}>
        <kbd>↑</kbd> <kbd>↓</kbd> {t('palette.select')}
        <span className="end" />
        <kbd>Esc</kbd> {t('palette.close')}
      </Spotlight.Footer>
    </>
  );
}

/** The first hit of each word, in the accent. */
function Highlight({ text, words }: { readonly text: string; readonly words: readonly string[] }): ReactNode {
  const word = words.find((candidate) => text.toLowerCase().includes(candidate));
  if (word === undefined) {
    return text;
  }
  const at = text.toLowerCase().indexOf(word);
  return (
    <>
      {text.slice(0, at)}
      <b className="c-acc">{text.slice(at, at + word.length)}</b>
      {text.slice(at + word.length)}
    </>
  );
}
