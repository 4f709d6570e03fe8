// Keys of the whole window, and the map that shows them ("?"). Keys of a row belong to the tables. Single keys are off in fields.
import { Modal } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { href, navigate } from '../routes';
import { useActions, useStore } from '../state/context';
import css from './panels.module.css';
import { PAGES } from './sidebar';

const mac = navigator.platform.startsWith('Mac');
export const modKey = mac ? '⌘' : 'Ctrl';

/** Name (locale `frame`, shortcuts.*) and keys; `mod` is Ctrl or Cmd. */
const MAP = {
  window: [
    ['palette', ['mod', 'K']],
    ['pages', ['mod', `1…${PAGES.length}`]],
    ['search', ['/']],
    ['undo', ['mod', 'Z']],
    ['map', ['?']],
    ['close', ['Esc']],
  ],
  row: [
    ['move', ['↑', '↓']],
    ['select', ['Space']],
    ['open', ['Enter']],
    ['startStop', ['S']],
    ['restart', ['R']],
    ['logs', ['L']],
    ['terminal', ['T']],
    ['inspect', ['I']],
    ['remove', ['Del']],
  ],
} as const;

/** What stands in a shadow root is an editor, and its host is the target. */
export function inField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
      target.closest('.xterm') !== null ||
      target.shadowRoot !== null)
  );
}

export function useShortcuts(): void {
  const { openPanel } = useActions();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const mod = mac ? event.metaKey : event.ctrlKey;
      const page = PAGES[Number(event.key) - 1];
      if (mod && !event.shiftKey && !event.altKey && page !== undefined) {
        event.preventDefault();
        navigate(href(page));
      } else if (mod && event.key.toLowerCase() === 'f' && focusSearch()) {
        event.preventDefault();
      } else if (!mod && !event.altKey && !inField(event.target)) {
        if (event.key === '?') {
          openPanel('shortcuts');
        } else if (event.key === '/' && focusSearch()) {
          event.preventDefault();
        }
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [openPanel]);
}

/** Pages mark their search field with `data-search`. */
function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('main input[data-search]');
  field?.focus();
  field?.select();
  return field !== null;
}

export function ShortcutMap(): ReactNode {
  const { t } = useTranslation(['frame', 'common']);
  const opened = useStore((s) => s.ui.panel === 'shortcuts');
  const { openPanel } = useActions();
  return (
    <Modal
      opened={opened}
      onClose={() => openPanel(undefined)}
      closeOnClickOutside
      title={t('shortcuts.title')}
      size={620}
      closeButtonProps={{ 'aria-label': t('common:close') }}
    >
      <div className={css['keys']}>
        {(['window', 'row'] as const).map((group) => (
          <section key={group}>
            <h3>{t(`shortcuts.group.${group}`)}</h3>
            <dl>
              {MAP[group].map(([name, keys]) => (
                <Line key={name} name={t(`shortcuts.${name}`)} keys={keys} />
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}

function Line({ name, keys }: { readonly name: string; readonly keys: readonly string[] }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {keys.map((key) => (
          <kbd key={key}>{key === 'mod' ? modKey : key}</kbd>
        ))}
      </dd>
    </>
  );
}
