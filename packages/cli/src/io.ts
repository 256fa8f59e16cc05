/** Where text goes. */
export interface Outlet {
  /** Whether a person reads it as it comes. */
  readonly isTTY: boolean;
  /** Undefined where nobody knows. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  /** Resolves when the reader has room for more. Fails with the code `EPIPE` when the reader is gone. */
  write(text: string): Promise<void>;
}

/** All that the command knows of the world around it, the server apart. */
export interface Io {
  readonly out: Outlet;
  readonly err: Outlet;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `--version` tells. */
  readonly version: string;
  now(): Date;
  /** Aborted when the user wants an end (Ctrl-C). */
  readonly interrupted: AbortSignal;
}

/** A variable; an empty one is one that somebody meant to unset. */
export function setting({ env }: Io, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/** Whether the reader of our output has gone (`presence list | head -1`), which is no failure. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
