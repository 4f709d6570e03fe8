// argv to one line for the guest's shell, which is the only thing SSH's exec takes.

export function shellCommand(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
