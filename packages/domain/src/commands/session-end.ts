import { mayBeLost } from "../watched-time.ts";
import { type Context, type Draft, project } from "./decision.ts";
import { leaveAll } from "./devices.ts";

/**
 * Ends the devices of a bound record whose session hash is gone: the user logged out elsewhere.
 * In a window, or after lost writes, the hash may have died with us, so there the record is only unbound, unless `seen` says that the deletion was witnessed.
 */
export function endWithSession(draft: Draft, context: Context, seen = false): Draft {
  if (!draft.record.bound || context.session) return draft;
  if (mayBeLost(context) && !seen) return { record: { ...draft.record, bound: false }, moves: draft.moves };
  return project(draft, leaveAll(draft.record, context), context, "session-ended");
}
