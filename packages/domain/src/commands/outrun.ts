import type { PresenceRecord } from "../record.ts";
import { nextVersion } from "../settle.ts";
import { begin, type Context, type Decision, finish } from "./decision.ts";
import { settleDue } from "./leave.ts";

/**
 * Lifts a record to or above a version that was told before the store lost it, so that no watcher sees versions go back.
 * What is shown stays as it is. The version itself is enough: another server may have lifted the record and told us so.
 */
export function outrun(record: PresenceRecord, version: number, context: Context): Decision {
  const { now, ...draft } = begin(record, context);
  if (draft.record.version >= version) return settleDue(record, context);
  return finish(record, { ...draft, record: { ...draft.record, version: nextVersion(version, now) } });
}
