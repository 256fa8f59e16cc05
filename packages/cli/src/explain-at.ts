import { open } from "node:fs/promises";
import { after, isId, type Millis, millis, never, parseUserId } from "@presence/domain";
import { type Replayed, TraceReader, type Unreached } from "@presence/domain/history";
import { parseDuration } from "./duration.ts";
import { Failure } from "./failure.ts";
import type { Io } from "./io.ts";
import type { Look } from "./look.ts";
import { type Explained, renderExplanation } from "./render/explanation.ts";

/** An instant, or so many milliseconds before the end of the trace. */
export type AskedInstant = { readonly at: Millis } | { readonly beforeEndMs: number };

export interface HistoryQuestion {
  readonly user: string;
  readonly at: AskedInstant;
  readonly files: readonly string[];
}

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** @throws Failure of usage */
export function parseInstant(text: string): AskedInstant {
  const beforeEndMs = text.startsWith("-") ? parseDuration(text.slice(1)) : undefined;
  if (beforeEndMs !== undefined) return { beforeEndMs };
  const at = isoInstant.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw Failure.usage(
      `--at is '${text}', which is no instant`,
      "write it as 2026-11-24T12:00:00Z, or as -30s before the end of the trace",
    );
  }
  return { at: millis(at) };
}

/**
 * What a user's presence was at an instant, and why, from what servers recorded.
 * @throws Failure where a file cannot be read or the trace tells nothing of that
 */
export async function explainAt(io: Io, look: Look, { user, at: asked, files }: HistoryQuestion): Promise<void> {
  if (!isId(user)) throw Failure.usage(`'${user}' is no user id`, "an id is 1 to 128 characters of A-Z a-z 0-9 . _ : @ ~ + | / = -");
  const userId = parseUserId(user);
  const reader = new TraceReader([userId]);
  for (const file of files) await readTrace(reader, file);
  const history = reader.history();
  const at = "at" in asked ? asked.at : after(history.until, -asked.beforeEndMs);
  const answer = history.explain(userId, at);
  if (answer.kind === "unreached") throw unreached(answer, user, at);
  await io.out.write(await renderExplanation(explained(answer), { ...look, now: new Date(at) }));
  const { unreadable } = reader;
  if (unreadable > 0)
    await io.err.write(`presence: ${unreadable} of the lines cannot be read, as where a server was killed in the middle of one\n`);
}

async function readTrace(reader: TraceReader, path: string): Promise<void> {
  try {
    const file = await open(path);
    // It closes itself at the end; a trace may be larger than a text can be.
    for await (const line of file.readLines()) reader.add(line, path);
  } catch (error) {
    throw new Failure(1, `the trace ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, undefined, error);
  }
}

function unreached({ reason, from, until }: Unreached, user: string, at: Millis): Failure {
  const whole = "give the traces of all servers, and of their runs before";
  switch (reason) {
    case "empty":
      return new Failure(1, "there is nothing in the trace", "a server records where PRESENCE_TRACE_FILE says");
    case "outside":
      return new Failure(1, `the trace reaches from ${iso(from)} to ${iso(until)}, and not ${iso(at)}`, whole);
    case "user-unknown":
      return new Failure(1, `the trace tells nothing of ${user}`, whole);
    case "user-later":
      return new Failure(1, `the trace tells of ${user} only ${from === never ? "what is damaged" : `from ${iso(from)} on`}`, whole);
  }
}

/** In the words of the client, as the server's own explanation. */
function explained({ moment, explanation, lastMove, doubts, withheldUntil }: Replayed): Explained {
  const { presence, record, because, next } = explanation;
  const { claim, message, devices, left } = record;
  return {
    presence: {
      ...presence,
      since: dateOf(presence.since),
      lastSeen: dateOf(presence.lastSeen),
      version: BigInt(presence.version),
      validUntil: presence.status === "OFFLINE" ? undefined : dateOf(next?.at),
    },
    claim: claim && { status: claim.status, until: dateOf(claim.until), message: message?.text ?? "" },
    devices: [
      ...devices.map(({ id, leaseUntil, activeUntil, holder }) => ({
        deviceId: id,
        leaseUntil: dateOf(leaseUntil),
        activeUntil: dateOf(activeUntil),
        attached: holder !== undefined,
        left: false,
      })),
      ...left.map(({ id }) => ({ deviceId: id, leaseUntil: undefined, activeUntil: undefined, attached: false, left: true })),
    ],
    session: undefined,
    because,
    next: next && { at: dateOf(next.at), status: next.status, because: next.because },
    instant: { at: new Date(moment.now), lastMove, withheldUntil: dateOf(withheldUntil), doubts },
  };
}

function dateOf(at: Millis | undefined): Date | undefined {
  return at === undefined || at === never ? undefined : new Date(at);
}

function iso(at: Millis): string {
  return new Date(at).toISOString();
}
