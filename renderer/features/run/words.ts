// Words of a POSIX shell line: splitting what a user typed or pasted, joining what Berth shows to copy.
// Knows nothing of Docker. No expansion: `$HOME` stays the text it is, because the shell that would expand it is not here.

import { quoteWord } from '../../ui/quote-word';

export interface Words {
  readonly words: readonly string[];
  /** A quote that was opened and not closed. */
  readonly unclosed?: '"' | "'";
}

/** A backslash (or PowerShell's backtick, or cmd's caret) at the end of a line continues it. */
function joinLines(text: string): string {
  return text.replace(/[ \t]*[\\`^]\r?\n/g, ' ');
}

export function splitWords(text: string): Words {
  const words: string[] = [];
  let word = '';
  let open = false;
  let quote: '"' | "'" | undefined;
  const source = joinLines(text);
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    const next = source.charAt(at + 1);
    if (quote === "'") {
      if (char === "'") {
        quote = undefined;
      } else {
        word += char;
      }
    } else if (quote === '"') {
      if (char === '"') {
        quote = undefined;
      } else if (char === '\\' && '"\\$`'.includes(next) && next !== '') {
        word += next;
        at += 1;
      } else {
        word += char;
      }
    } else if (char === '"' || char === "'") {
      quote = char;
      open = true;
    } else if (char === '\\' && next !== '') {
      word += next;
      open = true;
      at += 1;
    } else if (/\s/.test(char)) {
      if (open) {
        words.push(word);
      }
      word = '';
      open = false;
    } else {
      word += char;
      open = true;
    }
  }
  if (open) {
    words.push(word);
  }
  return quote === undefined ? { words } : { words, unclosed: quote };
}

export function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
