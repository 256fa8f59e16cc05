import { type DestinationStream, type Logger, pino } from "pino";

/** JSON lines on standard output. No user id, no message and no session above `debug`. */
export function createLogger(level: string, destination: DestinationStream = pino.destination(1)): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: serializeError },
  };
  return pino(options, destination);
}

// An error at debug has all; a report of one, above debug, is logged as it is.
function serializeError(value: unknown): unknown {
  return value instanceof Error ? pino.stdSerializers.errWithCause(value) : value;
}

/** What a library says, without what callers send to prove who they are: traces of grpc-js print all headers of a call. */
export function withoutCredentials(text: string): string {
  return text.replace(/(headers:?\s*)\{.*/s, "$1{…}").replace(/\b(bearer|basic)\s+[^\s"',]+/gi, "$1 …");
}
