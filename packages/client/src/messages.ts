import * as proto from "@presence/proto";
import type { HeartbeatResult, UserPage } from "./calls.ts";
import { durationMs } from "./durations.ts";
import { fromRpcStatus } from "./error-translation.ts";
import type { Explanation, Stats } from "./explanation.ts";
import { type Claim, type OwnPresence, type Party, type Presence, type Status, type StatusCounts, statuses } from "./presence.ts";
import { PresenceClientError } from "./presence-client-error.ts";

/** The contract's number of a status. */
export function toWireStatus(status: Status): proto.Status {
  return proto.Status[status];
}

export function presenceFrom(message: proto.Presence | undefined): Presence {
  const { userId, status, since, lastSeen, message: text, version, validUntil } = required(message, "presence");
  return {
    userId,
    status: statusFrom(status),
    since: dateFrom(since),
    lastSeen: dateFrom(lastSeen),
    message: text,
    version,
    validUntil: dateFrom(validUntil),
  };
}

export function ownPresenceFrom({
  presence,
  claim,
}: {
  presence: proto.Presence | undefined;
  claim: proto.Claim | undefined;
}): OwnPresence {
  return { presence: presenceFrom(presence), claim: claimFrom(claim) };
}

export function partyFrom(message: proto.Party | undefined): Party {
  const { partyId, members, counts } = required(message, "party");
  return { partyId, members: members.map(presenceFrom), counts: countsFrom(counts) };
}

export function heartbeatResultFrom({ userId, deviceId, status, error }: proto.HeartbeatResult): HeartbeatResult {
  return error === undefined ? { userId, deviceId, status: statusFrom(status) } : { userId, deviceId, error: fromRpcStatus(error) };
}

export function explanationFrom(message: proto.ExplainPresenceResponse): Explanation {
  const { presence, claim, devices, session, because, next } = message;
  return {
    presence: presenceFrom(presence),
    claim: claimFrom(claim),
    devices: devices.map(({ deviceId, leaseUntil, activeUntil, attached, left }) => ({
      deviceId,
      leaseUntil: dateFrom(leaseUntil),
      activeUntil: dateFrom(activeUntil),
      attached,
      left,
    })),
    session: { exists: session?.exists ?? false, bound: session?.bound ?? false, ttlMs: durationMs(session?.ttl) },
    because,
    next: next && { at: dateFrom(next.at), status: statusFrom(next.status), because: next.because },
  };
}

export function userPageFrom({ presences, nextPageToken }: proto.ListUsersResponse): UserPage {
  return { presences: presences.map(presenceFrom), nextPageToken: nextPageToken === "" ? undefined : nextPageToken };
}

export function statsFrom(message: proto.GetStatsResponse): Stats {
  const { counts, devices, watchStreams, sweepLag, feed, uptime, version, store } = message;
  return {
    counts: countsFrom(counts),
    devices: Number(devices),
    watchStreams: Number(watchStreams),
    sweepLagMs: durationMs(sweepLag) ?? 0,
    feed: feed === proto.FeedState.LIVE ? "LIVE" : feed === proto.FeedState.STALE ? "STALE" : undefined,
    uptimeMs: durationMs(uptime) ?? 0,
    version,
    store,
  };
}

function claimFrom(message: proto.Claim | undefined): Claim | undefined {
  return message && { status: statusFrom(message.status), until: dateFrom(message.until), message: message.message };
}

function countsFrom(counts: readonly proto.StatusCount[]): StatusCounts {
  const all: Record<Status, number> = { ONLINE: 0, AWAY: 0, DND: 0, OFFLINE: 0 };
  for (const { status, count } of counts) all[statusFrom(status)] = count;
  return all;
}

function statusFrom(wire: proto.Status): Status {
  const found = statuses.find((status) => proto.Status[status] === wire);
  if (found === undefined)
    throw new PresenceClientError("INTERNAL", `the server speaks of status number ${wire}, which this client does not know`);
  return found;
}

// A time that no Date can hold is no time that anybody can use.
function dateFrom(date: Date | undefined): Date | undefined {
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

function required<Message>(message: Message | undefined, name: string): Message {
  if (message === undefined) throw new PresenceClientError("INTERNAL", `the server's answer has no ${name}`);
  return message;
}
