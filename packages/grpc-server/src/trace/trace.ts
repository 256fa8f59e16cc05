import { randomUUID } from "node:crypto";
import type { PresencePolicy, PresenceStore } from "@presence/domain";
import { recordedStore, TraceRecorder } from "@presence/domain/history";
import type { Logger } from "pino";
import { packageVersion } from "../server-stats.ts";
import { TraceFile } from "./trace-file.ts";

/** Where the history of this server is recorded. */
export interface TraceConfig {
  readonly path: string;
  readonly maxBytes: number;
}

/** A store whose writes are recorded, and how to end that. */
export interface Trace {
  readonly store: PresenceStore;
  close(): Promise<void>;
}

/** Begins to record what happens in `store`. No call waits for it, and none fails because of it. */
export function startTrace({ path, maxBytes }: TraceConfig, store: PresenceStore, policy: PresencePolicy, log: Logger): Trace {
  const file = new TraceFile({ path, maxBytes, log, onRotated: () => recorder.restart() });
  const recorder = new TraceRecorder({
    // Long enough that no two runs are mistaken for one.
    server: randomUUID().slice(0, 13),
    sink: (line) => file.write(line),
    policy,
    version: packageVersion(),
    store: store.name,
    startedAt: new Date().toISOString(),
  });
  log.info({ path }, "every change of presence is recorded, without texts of messages: PRESENCE_TRACE_FILE");
  return {
    store: recordedStore(store, recorder),
    async close() {
      recorder.end();
      await file.close();
    },
  };
}
