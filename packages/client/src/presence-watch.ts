import { setTimeout as sleep } from "node:timers/promises";
import type { ClientReadableStream } from "@grpc/grpc-js";
import { FeedState, type PresenceChange, type WatchPartyResponse, type WatchPresenceResponse } from "@presence/proto";
import { toClientError } from "./error-translation.ts";
import { refusesWatch } from "./final-errors.ts";
import { presenceFrom } from "./messages.ts";
import type { Presence } from "./presence.ts";
import type { PresenceClientError } from "./presence-client-error.ts";
import { reconnectDelayMs, type WatchBackoff } from "./watch-backoff.ts";

/** What a watch tells. */
export type WatchUpdate =
  /** Everyone who is watched, whatever was told before. */
  | { readonly kind: "snapshot"; readonly presences: readonly Presence[] }
  | { readonly kind: "change"; readonly presence: Presence }
  | { readonly kind: "joined"; readonly presence: Presence }
  | { readonly kind: "left"; readonly userId: string }
  /** What was told may be old: the server cannot see, or the connection is lost and opened again in `retryInMs`. */
  | { readonly kind: "stale"; readonly reason: PresenceClientError | undefined; readonly retryInMs: number | undefined }
  /** What was told is true again; a snapshot came before. */
  | { readonly kind: "live" };

type Response = WatchPresenceResponse | WatchPartyResponse;

/**
 * Follows a stream for as long as somebody reads, across lost connections and servers that restart: a snapshot first, then
 * changes, and again a snapshot after each gap. Versions never go back, whichever server answers.
 *
 * @param open opens the stream anew
 * @throws PresenceClientError where trying again would not help
 */
export async function* followWatch(
  open: () => ClientReadableStream<Response>,
  backoff: WatchBackoff,
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate, void> {
  const versions = new Map<string, bigint>();
  let failures = 0;
  while (!signal.aborted) {
    let stream: ClientReadableStream<Response> | undefined;
    let accepted = false;
    const cancel = () => stream?.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    let reason: PresenceClientError | undefined;
    try {
      stream = open();
      for await (const response of stream) {
        accepted = true;
        const update = updateFrom(response as Response, versions);
        if (update === undefined) continue;
        if (update.kind === "snapshot") failures = 0;
        yield update;
      }
    } catch (error) {
      reason = toClientError(error);
      if (signal.aborted) return;
      if (refusesWatch(reason, accepted)) throw reason;
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
    failures++;
    const retryInMs = reconnectDelayMs(backoff, failures, Math.random());
    yield { kind: "stale", reason, retryInMs };
    await sleep(retryInMs, undefined, { signal }).catch(() => {
      // Ended while it waits: the loop sees it.
    });
  }
}

function updateFrom({ event }: Response, versions: Map<string, bigint>): WatchUpdate | undefined {
  switch (event?.$case) {
    case "snapshot": {
      const presences = (
        "party" in event.value ? (event.value.party?.members ?? []) : "presences" in event.value ? event.value.presences : []
      ).map(presenceFrom);
      for (const { userId, version } of presences) versions.set(userId, later(versions.get(userId), version));
      return { kind: "snapshot", presences };
    }
    case "change":
      return changeFrom(event.value, versions);
    case "joined": {
      const presence = presenceFrom(event.value.presence);
      versions.set(presence.userId, later(versions.get(presence.userId), presence.version));
      return { kind: "joined", presence };
    }
    case "left":
      return { kind: "left", userId: event.value.userId };
    case "feed":
      return event.value.state === FeedState.STALE ? { kind: "stale", reason: undefined, retryInMs: undefined } : { kind: "live" };
    default:
      // Something that only a newer server knows of.
      return undefined;
  }
}

// What is older than what was told already is no news, whichever server says it.
function changeFrom(change: PresenceChange, versions: Map<string, bigint>): WatchUpdate | undefined {
  const presence = presenceFrom(change.presence);
  const known = versions.get(presence.userId);
  if (known !== undefined && presence.version <= known) return undefined;
  versions.set(presence.userId, presence.version);
  return { kind: "change", presence };
}

function later(known: bigint | undefined, version: bigint): bigint {
  return known !== undefined && known > version ? known : version;
}
