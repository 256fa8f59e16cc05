import type { Explanation, PresenceRecord, SessionInfo } from "@presence/domain";
import type * as proto from "@presence/proto";
import { toDuration } from "./duration.ts";
import { toDate } from "./instant.ts";
import { toClaim, toPresence } from "./presence.ts";
import { toWireStatus } from "./status.ts";

export function toExplanation({ presence, record, session, because, next }: Explanation): proto.ExplainPresenceResponse {
  const { claim, message } = record;
  return {
    presence: toPresence(presence),
    claim: claim && toClaim({ status: claim.status, until: claim.until, message: message?.text ?? "" }),
    devices: toDevices(record),
    session: toSession(record, session),
    because,
    next: next && { at: toDate(next.at), status: toWireStatus(next.status), because: next.because },
  };
}

function toDevices({ devices, left }: PresenceRecord): proto.Device[] {
  const living = devices.map(({ id, leaseUntil, activeUntil, holder }) => ({
    deviceId: id,
    leaseUntil: toDate(leaseUntil),
    activeUntil: toDate(activeUntil),
    attached: holder !== undefined,
    left: false,
  }));
  const gone = left.map(({ id }) => ({ deviceId: id, leaseUntil: undefined, activeUntil: undefined, attached: false, left: true }));
  return [...living, ...gone];
}

function toSession({ bound }: PresenceRecord, session: SessionInfo | undefined): proto.Session {
  return { exists: session !== undefined, bound, ttl: session?.ttlMs === undefined ? undefined : toDuration(session.ttlMs) };
}
