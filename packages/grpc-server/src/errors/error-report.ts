/** An error without the words in it, which may name users. */
export interface ErrorReport {
  readonly name: string;
  readonly code?: string | number;
  readonly at: readonly string[];
  readonly cause?: ErrorReport;
}

const maxFrames = 8;
const maxCauses = 4;

/** What may be logged above debug: kinds of errors and places in the code, no messages. */
export function errorReport(error: unknown, depth = 0): ErrorReport {
  if (!(error instanceof Error)) return { name: typeof error, at: [] };
  const { code } = error as { readonly code?: unknown };
  return {
    name: error.name,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    at: frames(error),
    ...(error.cause === undefined || depth === maxCauses ? {} : { cause: errorReport(error.cause, depth + 1) }),
  };
}

// A message may have lines that look like frames; the real ones are the last.
function frames({ stack = "", message }: Error): string[] {
  const behind = stack.indexOf(message) + message.length;
  return stack
    .slice(behind)
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim().slice("at ".length));
}
