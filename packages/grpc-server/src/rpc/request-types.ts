import * as proto from "@presence/proto";
import type { RequestTypes } from "./service-types.ts";

/** How the requests of the service are decoded. */
export const presenceRequests: RequestTypes<typeof proto.PresenceServiceService> = {
  connect: proto.ConnectRequest,
  heartbeat: proto.HeartbeatRequest,
  batchHeartbeat: proto.BatchHeartbeatRequest,
  disconnect: proto.DisconnectRequest,
  setStatus: proto.SetStatusRequest,
  getPresence: proto.GetPresenceRequest,
  batchGetPresence: proto.BatchGetPresenceRequest,
  getPartyPresence: proto.GetPartyPresenceRequest,
  watchPresence: proto.WatchPresenceRequest,
  watchParty: proto.WatchPartyRequest,
  attach: proto.AttachRequest,
};

/** How the requests of the operators' service are decoded. */
export const adminRequests: RequestTypes<typeof proto.PresenceAdminServiceService> = {
  explainPresence: proto.ExplainPresenceRequest,
  overrideStatus: proto.OverrideStatusRequest,
  disconnectUser: proto.DisconnectUserRequest,
  listUsers: proto.ListUsersRequest,
  getStats: proto.GetStatsRequest,
};
