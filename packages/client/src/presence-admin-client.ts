import { PresenceAdminServiceService as rpcs } from "@presence/proto";
import type { ListCall, OverrideCall, UserPage } from "./calls.ts";
import { toDuration } from "./durations.ts";
import type { Explanation, Stats } from "./explanation.ts";
import { explanationFrom, ownPresenceFrom, presenceFrom, statsFrom, toWireStatus, userPageFrom } from "./messages.ts";
import type { OwnPresence, Presence } from "./presence.ts";
import type { UnaryCaller } from "./unary-caller.ts";

/** What operators may do. Every method rejects with a `PresenceClientError`: `PERMISSION_DENIED` where the caller is no operator. */
export class PresenceAdminClient {
  readonly #caller: UnaryCaller;

  constructor(caller: UnaryCaller) {
    this.#caller = caller;
  }

  /** Why a user shows as he does, and what changes next. */
  async explainPresence(userId: string): Promise<Explanation> {
    return explanationFrom(await this.#caller.call(rpcs.explainPresence, { userId }));
  }

  /** Sets a status in the user's name. */
  async overrideStatus({ userId, status, expiresInMs, message = "", ensureOnline = false }: OverrideCall): Promise<OwnPresence> {
    const request = { userId, status: toWireStatus(status), expiresIn: toDuration(expiresInMs, "expires_in"), message, ensureOnline };
    return ownPresenceFrom(await this.#caller.call(rpcs.overrideStatus, request));
  }

  /** Ends all devices of a user. Repeating it changes nothing more. */
  async disconnectUser(userId: string): Promise<Presence> {
    return presenceFrom((await this.#caller.call(rpcs.disconnectUser, { userId })).presence);
  }

  /** One page of the users that the service knows. */
  async listUsers({ statuses = [], pageSize = 0, pageToken = "" }: ListCall = {}): Promise<UserPage> {
    return userPageFrom(await this.#caller.call(rpcs.listUsers, { statuses: statuses.map(toWireStatus), pageSize, pageToken }));
  }

  /** The service at a glance. It counts every user: not for polling. */
  async getStats(): Promise<Stats> {
    return statsFrom(await this.#caller.call(rpcs.getStats, {}));
  }
}
