import type { PresenceRecord } from "../record.ts";
import { aboveLost, nextVersion, settle } from "../settle.ts";
import type { Moment } from "../watched-time.ts";

/**
 * What a store that lost writes has lost of a user, as far as a server remembers it: his claim, his message and his other devices with
 * the leases they had. Where something visible has been written since, that stands; the record itself comes back then. What comes back
 * has a version of its own: others may have been told what the store held meanwhile.
 *
 * @param known the record as that server saw it last; undefined: it does not know him
 */
export function restored(record: PresenceRecord, known: PresenceRecord | undefined, moment: Moment): PresenceRecord {
  if (known === undefined || record.version >= known.version) return record;
  const told = settle(aboveLost(record, moment), moment).record.version;
  return { ...known, revision: record.revision, version: nextVersion(Math.max(told, known.version), moment.now) };
}
