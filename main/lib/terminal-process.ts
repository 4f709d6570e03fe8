// A process behind a terminal, wherever it runs: an exec in a container or the host's own shell.
// main/engine and main/terminal both speak it, so that neither has to know the other.

export interface TerminalProcess {
  /** Set once, before the first output may arrive; `end` comes after the last byte. */
  listen(listener: { data(chunk: Uint8Array): void; end(): void }): void;
  write(data: string): void;
  resize(cols: number, rows: number): Promise<void>;
  /** Stops reading, so that the writer at the far end blocks. */
  pause(): void;
  resume(): void;
  /** After the end; undefined where nobody knows it (the connection was lost). */
  readonly exitCode: Promise<number | undefined>;
  /** Ends the process, as far as that can be done from here. */
  close(): Promise<void>;
}

export interface OpenedTerminal {
  readonly process: TerminalProcess;
  /** What runs in it, e.g. the shell that "auto" found. */
  readonly shell: string;
}

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

/** Times in which what a terminal is in stands still. */
export interface Pauses {
  /** Asked when a process ended: undefined = no pause is why. Else resolves with the words of the mark once it is over, or undefined where it ended in no resume. */
  readonly over: () => Promise<string | undefined> | undefined;
}
