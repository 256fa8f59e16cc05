import { type PresenceService, parseUserId } from "@presence/domain";
import type { PresenceAdminServiceService } from "@presence/proto";
import { toExplanation } from "./codec/explanation.ts";
import { toListUsersCall } from "./codec/list-users.ts";
import { toOwnPresence, toPresenceNow } from "./codec/presence.ts";
import { toOverrideCall } from "./codec/requests.ts";
import type { UnaryHandlers } from "./rpc/service-types.ts";
import type { ServerStats } from "./server-stats.ts";

/** The unary rpcs of operators. */
export function adminHandlers(presence: PresenceService, stats: ServerStats): UnaryHandlers<typeof PresenceAdminServiceService> {
  return {
    async explainPresence({ userId }) {
      return toExplanation(await presence.explain(parseUserId(userId)));
    },
    async overrideStatus(request) {
      return toOwnPresence(await presence.override(toOverrideCall(request)));
    },
    async disconnectUser({ userId }) {
      return { presence: toPresenceNow(await presence.kick(parseUserId(userId))) };
    },
    async listUsers(request) {
      const { cursor, limit, statuses } = toListUsersCall(request);
      const { presences, next } = await presence.list(cursor, limit, statuses);
      return { presences: presences.map(toPresenceNow), nextPageToken: next ?? "" };
    },
    async getStats() {
      return stats.read();
    },
  };
}
