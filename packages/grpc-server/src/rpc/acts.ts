import { type Act, parsePartyId, parseUserId } from "@presence/domain";
import type { AttachRequest, PresenceAdminServiceService, PresenceServiceService } from "@presence/proto";
import type { Acts } from "./service-types.ts";

const read: Act = { kind: "read" };
const operate = (): Act => ({ kind: "operate" });

/** What each rpc of the service is, to the policy of who may do what. A row that is missing does not compile. */
export const presenceActs: Acts<typeof PresenceServiceService> = {
  connect: ({ userId }) => write(userId),
  heartbeat: ({ userId }) => write(userId),
  batchHeartbeat: ({ heartbeats }) => ({
    kind: "write",
    userIds: heartbeats.map(({ userId }, index) => parseUserId(userId, `heartbeats[${index}].user_id`)),
  }),
  disconnect: ({ userId }) => write(userId),
  setStatus: ({ userId }) => write(userId),
  getPresence: () => read,
  batchGetPresence: () => read,
  getPartyPresence: ({ partyId }) => ({ kind: "party", partyIds: [parsePartyId(partyId)] }),
  watchPresence: () => read,
  watchParty: ({ partyId }) => ({ kind: "party", partyIds: [parsePartyId(partyId)] }),
  /** Of each request; to open the stream is to read. */
  attach: actOfAttached,
};

/** The same of the operators' service. */
export const adminActs: Acts<typeof PresenceAdminServiceService> = {
  explainPresence: operate,
  overrideStatus: operate,
  disconnectUser: operate,
  listUsers: operate,
  getStats: operate,
};

function actOfAttached({ request }: AttachRequest): Act {
  switch (request?.$case) {
    case "connect":
    case "setStatus":
    case "disconnect":
      return write(request.value.userId);
    case "activity":
      // An empty one says only that the stream lives.
      return request.value.userId === "" ? read : write(request.value.userId);
    case "watch":
      return { kind: "party", partyIds: request.value.partyIds.map((partyId, index) => parsePartyId(partyId, `party_ids[${index}]`)) };
    case "unwatch":
    case undefined:
      return read;
  }
}

function write(userId: string): Act {
  return { kind: "write", userIds: [parseUserId(userId)] };
}
