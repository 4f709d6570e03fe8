// The page that says what quitting waits for. Plain HTML made here, without scripts: names of containers are text and are escaped.
import type { Texts } from './texts';

/** What becomes of the VM. */
export type QuitHow = 'suspend' | 'stop';

export interface QuitWork {
  readonly containers: readonly string[];
  readonly tasks: readonly string[];
}

const shown = 12;

export function quitPage(texts: Texts, how: QuitHow, work: QuitWork | undefined): string {
  const title = escape(texts.text(`quit.title.${how}`));
  const lists =
    work === undefined
      ? []
      : [
          section(texts.text(`quit.containers.${how}`, { containers: work.containers.length }), work.containers),
          ...(work.tasks.length === 0 ? [] : [section(texts.text('quit.tasks', { tasks: work.tasks.length }), work.tasks)]),
        ];
  return `<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
body { margin: 0; padding: 24px 28px; font: 14px/1.5 system-ui, sans-serif; user-select: none; cursor: default }
h1 { margin: 0 0 12px; font-size: 16px; font-weight: 600 }
ul { margin: 4px 0 12px; padding-left: 20px }
p { margin: 0 }
.quiet { opacity: .7 }
</style>
</head>
<body>
<h1>${title}</h1>
${lists.join('\n')}
<p class="quiet">${escape(texts.text(`quit.machine.${how}`))}</p>
</body>
</html>
`;
}

function section(heading: string, names: readonly string[]): string {
  const items = names.slice(0, shown).map((name) => `<li>${escape(name)}</li>`);
  if (names.length > shown) {
    items.push(`<li>+ ${names.length - shown}</li>`);
  }
  return `<p>${escape(heading)}</p>\n<ul>${items.join('')}</ul>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
