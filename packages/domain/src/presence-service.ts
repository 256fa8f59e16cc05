import { notBlind, ownPresence, told } from "./answers.ts";
import { checkBatch, checkExpiresIn, checkIdleFor, checkMessage } from "./arguments.ts";
import { type Change, type Changed, makeChanges } from "./change.ts";
import { connect, disconnect, drop, kick, outrun, overrideStatus, reportInactivity, sessionEnded, setStatus } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
import { type Explanation, explain } from "./explanation.ts";
import { beatHearts, type HeartbeatCall, type HeartbeatOutcome } from "./heartbeats.ts";
import type { DeviceId, PartyId, UserId } from "./ids.ts";
import type { PresencePolicy } from "./policy.ts";
import type { PartyDirectory, PresenceStore, SessionDirectory } from "./ports.ts";
import { type Presence, type PresenceNow, presenceNow, presenceOf } from "./presence.ts";
import type { ConnectCall, OverrideCall, OwnPresence, PartyPresence, SetStatusCall, UserPage } from "./presence-calls.ts";
import { refusalError } from "./refusal.ts";
import { type Repair, repair } from "./repair.ts";
import type { Status } from "./status.ts";
import { countStatuses, countStore, type StoreCounts } from "./status-counts.ts";
import { type Sweep, sweep } from "./sweep.ts";
import { Turns } from "./turns.ts";
import type { PresenceSource } from "./watch/watch-hub.ts";
import type { Moment } from "./watched-time.ts";

export interface PresenceServiceOptions {
  readonly store: PresenceStore;
  readonly sessions: SessionDirectory;
  readonly parties: PartyDirectory;
  readonly policy: PresencePolicy;
}

/**
 * Presence for everyone: what a delivery shell calls. Durations are milliseconds; fields in errors are named as in the gRPC contract.
 * Every method fails with `UNAVAILABLE` where the store cannot tell the truth now.
 */
export class PresenceService implements PresenceSource {
  readonly policy: PresencePolicy;
  readonly #store: PresenceStore;
  readonly #sessions: SessionDirectory;
  readonly #parties: PartyDirectory;
  readonly #turns = new Turns<UserId>((error) => error instanceof PresenceError && error.code === "UNAVAILABLE");

  constructor(options: PresenceServiceOptions) {
    this.policy = options.policy;
    this.#store = options.store;
    this.#sessions = options.sessions;
    this.#parties = options.parties;
  }

  /**
   * A device comes online.
   * @throws PresenceError `SESSION_REQUIRED`
   */
  async connect({ userId, deviceId, idleForMs, holder }: ConnectCall): Promise<OwnPresence> {
    checkIdleFor(idleForMs);
    return this.#own(userId, (record, context) => connect(record, { deviceId, idleForMs, holder }, context));
  }

  /**
   * A sign of life of a device, in one round trip where it changes nothing visible.
   * @throws PresenceError `DEVICE_DISCONNECTED`, `SESSION_REQUIRED`
   */
  async heartbeat(call: HeartbeatCall): Promise<OwnPresence> {
    checkIdleFor(call.idleForMs);
    const [outcome] = await beatHearts(this.#store, this.policy, [call]);
    if (outcome === undefined) throw new PresenceError("INTERNAL", "no outcome of a heartbeat");
    if (outcome instanceof PresenceError) throw outcome;
    if (outcome.refusal !== undefined) throw refusalError(outcome.refusal, call.userId, call.deviceId);
    return ownPresence(call.userId, outcome.record, outcome.moment);
  }

  /** Signs of life of many devices; neither a refused one nor one of a user whose data is broken fails the others. Results in order. */
  async heartbeats(calls: readonly HeartbeatCall[]): Promise<readonly (HeartbeatOutcome | PresenceError)[]> {
    checkBatch(calls.length, "heartbeats");
    for (const [index, { idleForMs }] of calls.entries()) checkIdleFor(idleForMs, `heartbeats[${index}].idle_for`);
    return beatHearts(this.#store, this.policy, calls);
  }

  /** A device logs out. Repeating it changes nothing. */
  async disconnect(userId: UserId, deviceId: DeviceId): Promise<PresenceNow> {
    const { decision, moment } = await this.#change({
      userId,
      decide: (record, context) => disconnect(record, deviceId, context),
      signOfLife: false,
    });
    return told(presenceNow(userId, decision.next, moment), moment);
  }

  /**
   * The user's own word, or an app's report that he is idle (`INACTIVITY`, with AWAY only).
   * @throws PresenceError `INVALID_ARGUMENT`, `SESSION_REQUIRED`
   */
  async setStatus(call: SetStatusCall): Promise<OwnPresence> {
    const { userId, status, reason = "MANUAL", expiresInMs, message = "", deviceId } = call;
    checkExpiresIn(expiresInMs);
    checkMessage(message);
    if (reason === "MANUAL")
      return this.#own(userId, (record, context) => setStatus(record, { status, expiresInMs, message, deviceId }, context));
    if (status !== "AWAY") throw PresenceError.invalid("reason", `is INACTIVITY with status ${status}; inactivity makes AWAY only`);
    if (expiresInMs !== undefined) throw PresenceError.invalid("expires_in", "does not go with reason INACTIVITY, which chooses nothing");
    if (message !== "") throw PresenceError.invalid("message", "does not go with reason INACTIVITY, which leaves the message as it is");
    return this.#own(userId, (record, context) => reportInactivity(record, deviceId, context));
  }

  /** The presence of one user. */
  async get(userId: UserId): Promise<PresenceNow> {
    const [presence] = await this.#presences([userId]);
    if (presence === undefined) throw new PresenceError("INTERNAL", "no presence for one user");
    return presence;
  }

  /**
   * The presences of up to 1,000 users, in order, in one round trip.
   * @throws PresenceError `UNAVAILABLE` naming a user whose record cannot be read: leaving him out would tell that he is OFFLINE
   */
  async getMany(userIds: readonly UserId[]): Promise<readonly PresenceNow[]> {
    checkBatch(userIds.length, "user_ids");
    return this.#presences(userIds);
  }

  /**
   * The presence of everyone in a party. An unknown party has no members.
   * @throws PresenceError `LIMIT_EXCEEDED` beyond 5,000 members
   */
  async party(partyId: PartyId): Promise<PartyPresence> {
    const { userIds, invalid } = await this.#parties.members(partyId);
    const members = await this.#presences([...userIds].sort());
    return { partyId, members, counts: countStatuses(members), invalidMembers: invalid };
  }

  /**
   * The presences of any number of users, as watchers see them; an error in the place of one whose record cannot be read.
   * @throws PresenceError `UNAVAILABLE` while writes may have been lost: what comes back soon must not be told to have changed
   */
  async read(userIds: readonly UserId[]): Promise<readonly (Presence | PresenceError)[]> {
    const { moment, answers } = await this.#readable(userIds);
    notBlind(moment);
    return answers.map((answer) => (answer instanceof PresenceError ? answer : answer.presence));
  }

  /** Gives a user a version above `version`, which somebody was told before the store lost it. */
  async outrun(userId: UserId, version: number): Promise<Presence> {
    const { decision, moment } = await this.#change({
      userId,
      decide: (record, context) => outrun(record, version, context),
      signOfLife: false,
    });
    return told({ presence: presenceOf(userId, decision.next), validUntil: undefined }, moment).presence;
  }

  /** For operators: why a user shows as he does, the invisible's secrets included. */
  async explain(userId: UserId): Promise<Explanation> {
    const [{ moment, entries }, session] = await Promise.all([this.#store.load([userId]), this.#sessions.find(userId)]);
    const [record] = entries;
    if (record === undefined) throw new PresenceError("INTERNAL", "no record for one user");
    if (record instanceof PresenceError) throw record;
    return explain(userId, record, moment, session);
  }

  /** For operators: a status in a user's name. */
  async override({ userId, status, expiresInMs, message = "", ensureOnline = false }: OverrideCall): Promise<OwnPresence> {
    checkExpiresIn(expiresInMs);
    checkMessage(message);
    const decide: Change["decide"] = (record, context) => overrideStatus(record, { status, expiresInMs, message, ensureOnline }, context);
    return this.#own(userId, decide, false);
  }

  /** For operators: ends all devices of a user. */
  async kick(userId: UserId): Promise<PresenceNow> {
    const { decision, moment } = await this.#change({ userId, decide: kick, signOfLife: false });
    return told(presenceNow(userId, decision.next, moment), moment);
  }

  /** The streams of these devices broke: each has the grace to come back unseen, unless another stream holds it by now. */
  async drop(devices: readonly { readonly userId: UserId; readonly deviceId: DeviceId }[], holder: string): Promise<void> {
    const byUser = new Map<UserId, DeviceId[]>();
    for (const { userId, deviceId } of devices) byUser.set(userId, [...(byUser.get(userId) ?? []), deviceId]);
    const changes = [...byUser].map(
      ([userId, ids]): Change => ({ userId, decide: (record, context) => drop(record, ids, holder, context), signOfLife: false }),
    );
    const changed = await makeChanges(this.#store, this.policy, changes);
    const failed = changed.find((result) => result instanceof PresenceError);
    if (failed !== undefined) throw failed;
  }

  /**
   * The session hash of a user went away. A new login is never ended by an old notification: the commit looks again.
   * @param seen its deletion was witnessed, rather than its absence found
   */
  async sessionEnded(userId: UserId, seen: boolean): Promise<void> {
    await this.#change({ userId, decide: (record, context) => sessionEnded(record, seen, context), signOfLife: false });
  }

  /** For operators: a page of the users that are known, in no particular order. */
  async list(cursor: string | undefined, limit: number, statuses: readonly Status[] = []): Promise<UserPage> {
    const { moment, users, next } = await this.#store.scan(cursor, limit);
    const presences = users.map(({ userId, record }) => told(presenceNow(userId, record, moment), moment));
    return { presences: statuses.length === 0 ? presences : presences.filter(({ presence }) => statuses.includes(presence.status)), next };
  }

  /** For operators: how many users show each status, and how many devices live. Reads every record. */
  async stats(): Promise<StoreCounts> {
    return countStore(this.#store);
  }

  /**
   * Makes sure that sweeps will find the next `limit` users or so from `cursor` on (undefined: from the first): a due entry
   * may be lost, or a record be kept alive by renewals alone. To be called slowly, again and again.
   */
  async repair(cursor?: string, limit = 500): Promise<Repair> {
    return repair(this.#store, this.policy, cursor, limit);
  }

  /** Writes down what time has changed for up to `limit` users that are due. To be called every 250 ms or so, at once again while it finds that many. */
  async sweep(limit = 200): Promise<Sweep> {
    return sweep(this.#store, this.policy, limit);
  }

  async #presences(userIds: readonly UserId[]): Promise<readonly PresenceNow[]> {
    const { moment, answers } = await this.#readable(userIds);
    return answers.map((answer) => {
      if (answer instanceof PresenceError) throw answer;
      return told(answer, moment);
    });
  }

  async #readable(
    userIds: readonly UserId[],
  ): Promise<{ readonly moment: Moment; readonly answers: readonly (PresenceNow | PresenceError)[] }> {
    const { moment, entries } = await this.#store.load(userIds);
    const answers = userIds.map((userId, index) => {
      const record = entries[index];
      if (record === undefined) throw new PresenceError("INTERNAL", "the store answered for fewer users than it was asked for");
      return record instanceof PresenceError ? record : presenceNow(userId, record, moment);
    });
    return { moment, answers };
  }

  async #own(userId: UserId, decide: Change["decide"], signOfLife = true): Promise<OwnPresence> {
    const { decision, moment } = await this.#change({ userId, decide, signOfLife });
    if (decision.refusal !== undefined) throw refusalError(decision.refusal, userId);
    return ownPresence(userId, decision.next, moment);
  }

  async #change(change: Change): Promise<Changed> {
    // One after the other: all at once they would only make each other decide again, and the last would never get through.
    const [changed] = await this.#turns.take(change.userId, () => makeChanges(this.#store, this.policy, [change]));
    if (changed === undefined) throw new PresenceError("INTERNAL", "no result of a change");
    if (changed instanceof PresenceError) throw changed;
    return changed;
  }
}
