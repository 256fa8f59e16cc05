import type { UserId } from "../ids.ts";
import { defaultPolicy, type PresencePolicy } from "../policy.ts";
import type { Millis } from "../time.ts";
import { History } from "./history.ts";
import { type MissingLines, ServerRun } from "./server-runs.ts";
import { type ClockLine, parseLine, type TraceLine } from "./trace-line.ts";
import type { UserLine } from "./user-timeline.ts";

/** What tells of one file whether its runs follow each other. */
interface FileState {
  server: string;
  readonly before: Set<string>;
  /** Lines of several runs are mixed: it says nothing of the end of any. */
  mixed: boolean;
}

/** Takes in the lines of traces, in any order, of any number of servers. */
export class TraceReader {
  readonly #only: ReadonlySet<UserId> | undefined;
  readonly #runs = new Map<string, ServerRun>();
  readonly #clocks: ClockLine[] = [];
  readonly #lines = new Map<UserId, UserLine[]>();
  readonly #missing: MissingLines[] = [];
  readonly #unsure = new Map<UserId, { from: Millis; at: Millis; server: string }[]>();
  #policy: PresencePolicy = defaultPolicy;
  readonly #files = new Map<string, FileState>();
  #unreadable = 0;

  /** @param only of others nothing is kept; undefined: of everyone */
  constructor(only?: readonly UserId[]) {
    this.#only = only && new Set(only);
  }

  /** Lines that are none, such as the last one of a server that was killed. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** @param file a name for where the line stands: where a run follows another one there, that one is over */
  add(text: string, file = ""): void {
    if (text.trim() === "") return;
    const line = parseLine(text);
    if (line === undefined) {
      this.#unreadable++;
      return;
    }
    this.#take(line);
    this.#follow(line, file);
  }

  history(): History {
    return new History({
      policy: this.#policy,
      runs: [...this.#runs.values()],
      clocks: this.#clocks,
      lines: this.#lines,
      missing: this.#missing,
      unsure: this.#unsure,
    });
  }

  #take(line: TraceLine): void {
    const run = this.#run(line.server);
    run.add(line.n, "at" in line ? line.at : undefined);
    switch (line.kind) {
      case "start":
        run.clockEveryMs = line.clockEveryMs;
        this.#policy = { ...defaultPolicy, ...line.policy };
        break;
      case "commit":
      case "record":
      case "renew":
        this.#keep(this.#lines, line.user, line);
        break;
      case "clock":
        this.#clocks.push(line);
        break;
      case "unsure":
        for (const user of line.users) this.#keep(this.#unsure, user, { from: line.from, at: line.at, server: line.server });
        break;
      case "dropped":
        this.#missing.push({ server: line.server, from: line.from, until: line.at });
        break;
      case "end":
        run.ended = true;
        break;
      case "unknown":
        break;
    }
  }

  #follow({ server, kind, n }: TraceLine, name: string): void {
    const file = this.#files.get(name);
    if (file === undefined) {
      this.#files.set(name, { server, before: new Set(), mixed: false });
      return;
    }
    if (file.server === server || file.mixed) return;
    if (kind === "start" && n === 1 && !file.before.has(server)) {
      this.#run(file.server).over = true;
      file.before.add(file.server);
      file.server = server;
      return;
    }
    file.mixed = true;
    for (const earlier of file.before) this.#run(earlier).over = false;
  }

  #run(server: string): ServerRun {
    let run = this.#runs.get(server);
    if (run === undefined) {
      run = new ServerRun(server);
      this.#runs.set(server, run);
    }
    return run;
  }

  #keep<Entry>(map: Map<UserId, Entry[]>, user: UserId, entry: Entry): void {
    if (this.#only !== undefined && !this.#only.has(user)) return;
    const entries = map.get(user);
    if (entries === undefined) map.set(user, [entry]);
    else entries.push(entry);
  }
}

/**
 * The history that files tell, in any order: what every user's presence was, and why, at any instant.
 * `replay(readFileSync("trace.jsonl", "utf8").split("\n")).explain(alice, at)`
 * @param files the lines of each
 */
export function replay(...files: readonly Iterable<string>[]): History {
  const reader = new TraceReader();
  for (const [index, lines] of files.entries()) for (const line of lines) reader.add(line, String(index));
  return reader.history();
}
