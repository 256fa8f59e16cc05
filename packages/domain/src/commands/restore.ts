import type { PresenceRecord } from "../record.ts";

/**
 * What a store that lost writes has lost of a user, as far as a server remembers it: his claim, his message and his other devices with
 * the leases they had. Where something visible has been written since, that stands; the record itself comes back then.
 *
 * @param known the record as that server saw it last; undefined: it does not know him
 */
export function restored(record: PresenceRecord, known: PresenceRecord | undefined): PresenceRecord {
  return known === undefined || record.version >= known.version ? record : { ...known, revision: record.revision };
}
