import {
  blindMs,
  type Commit,
  type CommitResult,
  isId,
  type Millis,
  type Moment,
  maxPartyMembers,
  millis,
  never,
  type PartyId,
  PresenceError,
  type PresencePolicy,
  parseUserId,
  type Renewal,
  type RenewalResult,
  type SessionTtlPolicy,
  type UserId,
  type Window,
  watchGapMs,
} from "@presence/domain";
import { encodeEvent } from "./event-text.ts";
import type { Keys } from "./keys.ts";
import type { Command, RedisLink } from "./link.ts";
import { encodeRecord, encodeRevision } from "./record-text.ts";
import { type Script, scripts } from "./scripts.ts";
import { readRecord, unknownFormatOf } from "./stored-record.ts";

/** A run of a script: the command for it, and what its answer means. The headers of the Lua files name what stands where. */
export interface ScriptCall<Result> {
  readonly command: Command;
  result(answer: unknown): Result;
}

type Argument = string | number;

function call<Result>(
  script: Script,
  keys: readonly string[],
  args: readonly Argument[],
  result: (answer: unknown) => Result,
): ScriptCall<Result> {
  return { command: ["EVALSHA", script.sha, keys.length, ...keys, ...args], result };
}

/** What a server knows of the ticks before. */
export interface TickMemory {
  /** Its own last one that Redis has confirmed. */
  readonly acknowledged: Millis | undefined;
  /** Whether a master is another one since then, and may lack writes; undefined: there is only the one that has the clock. */
  readonly mastersChanged: boolean | undefined;
}

/** What a tick tells. How far Redis has come since, it cannot say. */
export type Ticked = Omit<Moment, "aheadMs">;

/** Moves the watch clock on. */
export function tickCall(
  keys: Keys,
  serverId: string,
  { acknowledged, mastersChanged }: TickMemory,
  policy: PresencePolicy,
): ScriptCall<Ticked> {
  const lost = mastersChanged ? "1" : mastersChanged === undefined ? "" : "0";
  const args = [`server:${serverId}`, acknowledged ?? "", watchGapMs(policy), policy.leaseTtlMs, blindMs(policy), lost];
  return call(scripts.tick, [keys.clock], args, (answer) => {
    const [now = "", from = "", until = "", blindUntil = "", before = "", lostAt = ""] = answer as string[];
    const window = windowOf(`${from}-${until} ${before}`);
    return { now: millis(Number(now)), window, blindUntil: millis(Number(blindUntil)), lostAt: millis(Number(lostAt)) };
  });
}

/** Windows as the clock writes them, `from-until` with the newest first. */
export function windowOf(text: string): Window | undefined {
  const [first = "", ...others] = text.trim().split(" ");
  const [from = 0, until = 0] = first.split("-").map(Number);
  return until === 0 ? undefined : { from: millis(from), until: millis(until), before: windowOf(others.join(" ")) };
}

export interface WriteSettings {
  readonly policy: PresencePolicy;
  readonly sessionTtl: SessionTtlPolicy;
  readonly link: Pick<RedisLink, "db" | "publish">;
}

/**
 * Writes a decided change.
 * @throws PresenceError `INTERNAL` where a value has no place in the format
 */
export function commitCall(
  keys: Keys,
  commit: Commit,
  { policy, sessionTtl, link }: WriteSettings,
): ScriptCall<CommitResult | PresenceError> {
  const { userId, expectedRevision, record, keepForMs, session, signOfLife, event, decidedAt, staleFrom } = commit;
  const args = [
    expectedRevision === 0 ? "" : encodeRevision(expectedRevision),
    session ? "1" : "0",
    decidedAt,
    watchGapMs(policy),
    encodeRecord(record),
    lifetime(keepForMs),
    record.status,
    signOfLife ? sessionTtl : "off",
    policy.leaseTtlMs,
    link.publish,
    keys.channel(userId, link.db),
    event === undefined ? "" : encodeEvent(event),
    staleFrom === never ? "" : staleFrom,
  ];
  return call(
    scripts.commit,
    [keys.record(userId), keys.session(userId)],
    args,
    (answer) => commitResults[Number(answer)] ?? unknownFormatOf(userId),
  );
}

const commitResults = ["committed", "conflict", "stale"] as const satisfies readonly CommitResult[];

/** A time to live that Redis takes: with nothing left it would refuse half a commit, or delete what is to be kept. */
export function lifetime(keepForMs: number): number {
  return Math.max(1, Math.ceil(keepForMs));
}

/** Moves deadlines later, for as many devices as one script should take. */
export function renewCall(
  keys: Keys,
  renewals: readonly Renewal[],
  now: Millis,
  { policy, sessionTtl }: WriteSettings,
): ScriptCall<readonly (RenewalResult | PresenceError)[]> {
  const touched: string[] = [];
  const args: Argument[] = [now, watchGapMs(policy), sessionTtl];
  for (const { userId, deviceId, leaseForMs, activeForMs, holder } of renewals) {
    touched.push(keys.record(userId), keys.session(userId));
    args.push(deviceId, Math.floor(leaseForMs), activeForMs === undefined ? "-" : Math.floor(activeForMs), holder ?? "-");
  }
  return call(scripts.renew, touched, args, (answer) => {
    const [flags = "", ...texts] = answer as string[];
    return renewals.map(({ userId }, index) => {
      const record = readRecord(userId, texts[index]);
      if (record instanceof PresenceError) return record;
      return { renewed: flags[2 * index] === "1", record, session: flags[2 * index + 1] === "1" };
    });
  });
}

/** Who was claimed, and when the one who waited longest became due. */
export interface Claimed {
  readonly oldest: Millis | undefined;
  readonly userIds: readonly UserId[];
}

/** Claims up to `limit` users that are due in one partition, as many as one script should take. */
export function claimCall(keys: Keys, partition: number, now: Millis, limit: number, claimMs: number): ScriptCall<Claimed> {
  return call(scripts.claim, [keys.due(partition), keys.claims(partition)], [now, limit, claimMs], (answer) => {
    const [oldest, ...members] = answer as string[];
    return { oldest: oldest ? millis(Number(oldest)) : undefined, userIds: members.filter(isId).map((member) => parseUserId(member)) };
  });
}

/** Whether a server may do a task now. */
export function leadCall(keys: Keys, task: string, serverId: string, forMs: number): ScriptCall<boolean> {
  return call(scripts.lead, [keys.lead(task)], [serverId, lifetime(forMs)], (answer) => answer === 1);
}

/** The names in a party, or how many there are where that is more than can be listed. */
export function membersCall(keys: Keys, partyId: PartyId): ScriptCall<number | readonly string[]> {
  return call(scripts.members, [keys.party(partyId)], [maxPartyMembers], (answer) => answer as number | string[]);
}
