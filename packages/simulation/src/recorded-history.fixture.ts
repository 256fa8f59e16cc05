import {
  type Commit,
  type Loaded,
  latest,
  type Millis,
  type Presence,
  PresenceError,
  type PresenceRecord,
  type PresenceStore,
  presenceAt,
  type UserId,
} from "@presence/domain";
import { recordedStore, TraceRecorder } from "@presence/domain/history";
import { playHistory } from "./history.ts";
import { policy } from "./world.ts";

/** What a reader was told. */
export interface Telling {
  /** The reader's moment, or that of the record where somebody had written a little later. */
  readonly at: Millis;
  readonly presence: Presence;
  /** A count of everything that was asked and answered. */
  readonly asked: number;
}

/** A write that was acknowledged. */
export interface Acknowledged {
  readonly server: string;
  readonly commit: Commit;
  readonly answered: number;
}

export interface RecordedHistory {
  readonly seed: number;
  /** One after the other: who is started anew goes on in the file of one that has died. */
  readonly files: readonly (readonly string[])[];
  readonly tellings: readonly Telling[];
  readonly commits: readonly Acknowledged[];
}

/** Often enough for a world that is twenty times faster. */
const clockEveryMs = 250;

/** Plays one history of the simulation with every server's trace switched on, and keeps what everybody was told. */
export async function recordHistory(seed: number): Promise<RecordedHistory> {
  const runs: { readonly lines: string[]; readonly recorder: TraceRecorder }[] = [];
  const tellings: Telling[] = [];
  const commits: Acknowledged[] = [];
  // Counts whatever is asked and answered: what happens at one instant has an order too.
  let step = 0;

  function around(store: PresenceStore, server: string): PresenceStore {
    const lines: string[] = [];
    const recorder = new TraceRecorder({
      server,
      sink: (line) => lines.push(line) > 0,
      policy,
      version: "0.0.0",
      store: store.name,
      startedAt: "1970-01-12T13:46:40.000Z",
      clockEveryMs,
    });
    runs.push({ lines, recorder });
    const recorded = recordedStore(store, recorder);
    return {
      ...recorded,
      async load(userIds: readonly UserId[]) {
        const asked = ++step;
        const loaded = await recorded.load(userIds);
        tellings.push(...toldBy(userIds, loaded, asked));
        return loaded;
      },
      async commit(wanted: readonly Commit[]) {
        const results = await recorded.commit(wanted);
        const answered = ++step;
        for (const [index, commit] of wanted.entries()) {
          if (results[index] === "committed") commits.push({ server, commit, answered });
        }
        return results;
      },
    };
  }

  await playHistory(seed, { around });
  const last = inFiles(runs.map(({ lines }) => lines)).map((lines) => JSON.parse(lines.at(-1) ?? "{}").server);
  // Who runs on at the end of the history ends in good order.
  for (const { lines, recorder } of runs) if (last.includes(JSON.parse(lines[0] ?? "{}").server)) recorder.end();
  return { seed, files: inFiles(runs.map(({ lines }) => lines)), tellings, commits };
}

/** Two servers run at a time, so of any two files that one is free which stops first. */
function inFiles(runs: readonly string[][]): readonly (readonly string[])[] {
  const files: string[][] = [];
  for (const run of runs) {
    const [free] = files.length < 2 ? [] : files.toSorted((a, b) => endOf(a) - endOf(b));
    if (free === undefined) files.push([...run]);
    else free.push(...run);
  }
  return files;
}

function endOf(lines: readonly string[]): number {
  return Math.max(...lines.map((line): number => JSON.parse(line).at ?? 0));
}

/** As the service answers: nobody is told an OFFLINE while writes may be lost. */
function toldBy(
  userIds: readonly UserId[],
  { moment, entries }: Loaded<PresenceRecord | PresenceError>,
  asked: number,
): readonly Telling[] {
  return userIds.flatMap((userId, index) => {
    const record = entries[index];
    if (record === undefined || record instanceof PresenceError) return [];
    const presence = presenceAt(userId, record, moment);
    if (presence.status === "OFFLINE" && moment.now < moment.blindUntil) return [];
    const at = latest(moment.now, record.settledAt);
    return [{ at, presence, asked }];
  });
}
