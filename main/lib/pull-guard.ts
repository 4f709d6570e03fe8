// What somebody who watches pulls is told, and what they may say: the interface between the engine, the engine's socket and main/mirrors.

/** A pull as it goes on, of the window or of a client of the engine's socket. */
export interface PullWatch {
  /** A line of dockerd's progress, parsed. One that says the same as the one before of its layer is no sign of life. */
  line(line: Readonly<Record<string, unknown>>): void;
  /** It ended; `error` where it failed. Resolves with the mirror that served it, where that is known for certain; never rejects. */
  end(error?: Error): Promise<string | undefined>;
}

/** A client's build as its progress passes. */
export interface BuildWatch {
  /** BuildKit said something. */
  heard(): void;
  end(): void;
}

export interface PullRoute {
  /** What dockerd is asked for instead, with tag or digest. */
  readonly from: string;
  readonly mirror: string;
  readonly registry: string;
}

export interface PullGuard {
  /**
   * Watches a pull. One that gets no byte for 15 s has the mirrors in force looked at; a silent one is taken out by a live reload. `onRemedy` (a pull
   * of the window) is then told to pull again; without it (a client's pull) a notice says what to do.
   */
  watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch;
  /** Through which prefix mirror the window's pull goes; undefined = directly. Rejects what cannot be with `mirrors.badPrefix`. */
  route(reference: string, via: string | undefined): PullRoute | undefined;
  /** The digest that the registry itself has under the reference; undefined where it cannot be reached in 5 s. */
  digestAtRegistry(reference: string, signal: AbortSignal): Promise<string | undefined>;
}

export const noGuard: PullGuard = {
  watch: () => ({ line: () => undefined, end: () => Promise.resolve(undefined) }),
  route: () => undefined,
  digestAtRegistry: () => Promise.resolve(undefined),
};
