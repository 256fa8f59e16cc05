import type { Presence, WatchUpdate } from "@presence/client";
import type { Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { tabbed } from "./plain.ts";
import { jsonPresence } from "./presence.ts";

/** What happened, one line for each user it is about: for a pipe, or as JSON. Plain columns: event, then those of `presence get`. */
export function renderUpdate(update: WatchUpdate, { format }: Look): string {
  const json = format === "json";
  switch (update.kind) {
    case "snapshot":
      return update.presences.map((presence) => line("snapshot", presence, json)).join("");
    case "change":
    case "joined":
      return line(update.kind, update.presence, json);
    case "left":
      return json ? jsonLine({ event: "left", user: update.userId }) : tabbed("left", update.userId);
    case "stale": {
      const reason = reasonOf(update);
      const retryInMs = update.retryInMs === undefined ? undefined : Math.round(update.retryInMs);
      return json ? jsonLine({ event: "stale", reason, retryInMs: retryInMs ?? null }) : tabbed("stale", reason);
    }
    case "live":
      return json ? jsonLine({ event: "live" }) : tabbed("live");
  }
}

/** What stands below the table of a view: whether it may be believed. */
export function renderState(update: WatchUpdate | undefined, { colors }: Look): string {
  if (update === undefined) return colors.dim("waiting for the server …");
  if (update.kind !== "stale") return colors.dim("live; Ctrl-C ends");
  const reason = printable(reasonOf(update));
  return colors.yellow(`this may be old: ${reason}${update.retryInMs === undefined ? "" : "; connecting again"}`);
}

function reasonOf({ reason }: Extract<WatchUpdate, { kind: "stale" }>): string {
  if (reason === undefined) return "the server cannot see all changes now";
  // Without a word of the server's own, what gRPC says is about sockets.
  return reason.code === "UNAVAILABLE" && reason.retryAfterMs === undefined ? "the server does not answer" : reason.message;
}

function line(event: string, presence: Presence, json: boolean): string {
  if (json) return jsonLine({ event, ...jsonPresence(presence) });
  const { userId, status, since, lastSeen, validUntil, version, message } = presence;
  return tabbed(event, userId, status, since, lastSeen, validUntil, version.toString(), message);
}

function jsonLine(value: object): string {
  return `${printableJson(value)}\n`;
}
