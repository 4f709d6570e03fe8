// One word of a line that Berth shows to copy, as a POSIX shell reads it back.
const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;

export function quoteWord(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
