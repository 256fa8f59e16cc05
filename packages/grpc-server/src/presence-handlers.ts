import { type PresenceService, parseDeviceId, parsePartyId, parseUserId } from "@presence/domain";
import type { PresenceServiceService } from "@presence/proto";
import { toDuration } from "./codec/duration.ts";
import { toHeartbeatResult } from "./codec/heartbeat-result.ts";
import { toOwnPresence, toParty, toPresenceNow } from "./codec/presence.ts";
import { toConnectCall, toHeartbeatCall, toHeartbeatCalls, toSetStatusCall, toUserIds } from "./codec/requests.ts";
import type { UnaryHandlers } from "./rpc/service-types.ts";

/** The unary rpcs of apps and other services. */
export function presenceHandlers(presence: PresenceService): UnaryHandlers<typeof PresenceServiceService> {
  const leaseTtl = toDuration(presence.policy.leaseTtlMs);
  const heartbeatInterval = toDuration(presence.policy.heartbeatIntervalMs);
  return {
    async connect(request) {
      return { ...toOwnPresence(await presence.connect(toConnectCall(request))), leaseTtl, heartbeatInterval };
    },
    async heartbeat(request) {
      return { ...toOwnPresence(await presence.heartbeat(toHeartbeatCall(request))), leaseTtl };
    },
    async batchHeartbeat(request) {
      const calls = toHeartbeatCalls(request);
      const outcomes = await presence.heartbeats(calls);
      return { results: calls.flatMap((call, index) => (outcomes[index] ? [toHeartbeatResult(call, outcomes[index])] : [])) };
    },
    async disconnect({ userId, deviceId }) {
      return { presence: toPresenceNow(await presence.disconnect(parseUserId(userId), parseDeviceId(deviceId))) };
    },
    async setStatus(request) {
      return toOwnPresence(await presence.setStatus(toSetStatusCall(request)));
    },
    async getPresence({ userId }) {
      return { presence: toPresenceNow(await presence.get(parseUserId(userId))) };
    },
    async batchGetPresence({ userIds }) {
      return { presences: (await presence.getMany(toUserIds(userIds))).map(toPresenceNow) };
    },
    async getPartyPresence({ partyId }) {
      return { party: toParty(await presence.party(parsePartyId(partyId))) };
    },
  };
}
