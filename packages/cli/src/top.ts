import type { Stats } from "@presence/client";
import { renderStats } from "./render/stats.ts";
import { renderTop, renderTopState } from "./render/top.ts";
import { onSecondScreen, picture } from "./screen.ts";
import type { Bench } from "./verbs.ts";

const intervalMs = 1_000;

/** The numbers of the service, each second until Ctrl-C: redrawn on a terminal, one line each elsewhere. */
export async function top(bench: Bench): Promise<void> {
  // What fails at once is asked wrongly, or of nobody; what fails later may come back.
  const first = await untilInterrupted(bench, bench.client.admin.getStats());
  if (first === undefined) return;
  if (bench.look.format !== "table") return follow(bench, first);
  let last = first;
  await onSecondScreen(
    bench,
    async () => renderStats(last, bench.look),
    async () => {
      for await (const reading of readings(bench, first)) {
        if (reading.stats !== undefined) last = reading.stats;
        await bench.print(picture(renderStats(last, bench.look), renderTopState(reading.failure, bench.look), bench));
      }
    },
  );
}

async function follow(bench: Bench, first: Stats): Promise<void> {
  let silent = false;
  for await (const { stats, failure } of readings(bench, first)) {
    if (stats !== undefined) await bench.print(renderTop(stats, bench.now(), bench.look));
    // Once an outage: what is missing, the reader sees by himself.
    if (failure !== undefined && !silent) await bench.note(`${failure}; trying again`);
    silent = failure !== undefined;
  }
}

interface Reading {
  readonly stats: Stats | undefined;
  /** Why there are no new numbers. */
  readonly failure: string | undefined;
}

async function* readings(bench: Bench, first: Stats): AsyncGenerator<Reading, void> {
  yield { stats: first, failure: undefined };
  for (;;) {
    await pause(bench.signal);
    const reading = await untilInterrupted(bench, read(bench));
    if (reading === undefined) return;
    yield reading;
  }
}

async function read({ client }: Bench): Promise<Reading> {
  try {
    return { stats: await client.admin.getStats(), failure: undefined };
  } catch (error) {
    return { stats: undefined, failure: passingFailure(error) };
  }
}

/** What may be over the next time. @throws the error itself where it stays */
function passingFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "DEADLINE_EXCEEDED") return "the server does not answer in time";
  if (!(error instanceof Error) || code !== "UNAVAILABLE") throw error;
  // Without a word of the server's own, what gRPC says is about sockets.
  return "retryAfterMs" in error && error.retryAfterMs !== undefined ? error.message : "the server does not answer";
}

/** Undefined after Ctrl-C, which does not wait for an answer. */
function untilInterrupted<Value>({ signal }: Pick<Bench, "signal">, value: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(undefined);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    // It runs for days: no listener may stay behind.
    void value.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, intervalMs);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
