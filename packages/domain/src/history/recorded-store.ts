import type { UserId } from "../ids.ts";
import type { Commit, Loaded, PresenceStore, Renewal } from "../ports.ts";
import type { Millis } from "../time.ts";
import { firstDecision, type TraceRecorder } from "./trace-recorder.ts";

/** The same store, with a recorder that sees every write and every reading of the clock. It changes nothing and delays nothing. */
export function recordedStore(store: PresenceStore, recorder: TraceRecorder): PresenceStore {
  async function timed<Answer extends Pick<Loaded<unknown>, "moment">>(asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked;
    recorder.saw(answer.moment);
    return answer;
  }

  /** A write that fails may have been carried out all the same, now or a little later. */
  async function written<Answer>(users: readonly { readonly userId: UserId }[], from: Millis, asked: Promise<Answer>): Promise<Answer> {
    try {
      return await asked;
    } catch (error) {
      recorder.unsure(
        users.map(({ userId }) => userId),
        from,
      );
      throw error;
    }
  }

  return {
    name: store.name,
    load: (userIds: readonly UserId[]) => timed(store.load(userIds)),
    loadForChange: (userIds: readonly UserId[]) => timed(store.loadForChange(userIds)),
    async commit(commits: readonly Commit[]) {
      const results = await written(commits, firstDecision(commits), store.commit(commits));
      recorder.committed(commits, results);
      return results;
    },
    async renew(renewals: readonly Renewal[]) {
      const { now } = recorder;
      const loaded = await timed(written(renewals, now, store.renew(renewals)));
      recorder.renewed(renewals, loaded.entries, now);
      return loaded;
    },
    claimDue: (limit: number) => timed(store.claimDue(limit)),
    finishDue: (outcomes) => store.finishDue(outcomes),
    armDue: (outcomes) => store.armDue(outcomes),
    lead: (task: string, forMs: number) => store.lead(task, forMs),
    scan: (cursor: string | undefined, limit: number) => timed(store.scan(cursor, limit)),
  };
}
