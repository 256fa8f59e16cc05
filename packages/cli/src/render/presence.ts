import type { Claim, Presence } from "@presence/client";
import { pastTime, relativeTime } from "../duration.ts";
import type { Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { paintStatus } from "../status-words.ts";
import { type Cell, drawTable } from "../table.ts";
import { tabbed } from "./plain.ts";

/**
 * Presences, one a line; empty for none. Plain columns, in this order for good: user, status, since, lastSeen, validUntil, version,
 * message.
 * @param extra more keys of each JSON object
 */
export async function renderPresences(
  presences: readonly Presence[],
  look: Look,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  if (presences.length === 0) return "";
  if (look.format === "json") return presences.map((presence) => `${printableJson({ ...jsonPresence(presence), ...extra })}\n`).join("");
  if (look.format === "plain") return presences.map(plainPresence).join("");
  return drawPresences(presences, look);
}

/** What a user shows after a change, and what he chose. In a pipe the line is the same as for reading. */
export async function renderChange(presence: Presence, claim: Claim | undefined, look: Look): Promise<string> {
  const shown = await renderPresences([presence], look, { claim: claim === undefined ? null : jsonClaim(claim) });
  if (look.format !== "table" || claim === undefined) return shown;
  const end = claim.until === undefined ? "has no end" : `ends ${relativeTime(claim.until, look.now)}`;
  const waits = presence.status === "OFFLINE" && claim.status !== "OFFLINE" ? "; it shows when a device connects" : "";
  return `${shown}${look.colors.dim(`the choice of ${claim.status} ${end}${waits}`)}\n`;
}

/** Keys as documented: times in ISO 8601 or null; the version as a string, since it is a 64-bit number. */
export function jsonPresence(presence: Presence) {
  return {
    user: presence.userId,
    status: presence.status,
    since: presence.since ?? null,
    lastSeen: presence.lastSeen ?? null,
    message: presence.message,
    version: presence.version.toString(),
    validUntil: presence.validUntil ?? null,
  };
}

export function jsonClaim({ status, until, message }: Claim) {
  return { status, until: until ?? null, message };
}

function plainPresence({ userId, status, since, lastSeen, validUntil, version, message }: Presence): string {
  return tabbed(userId, status, since, lastSeen, validUntil, version.toString(), message);
}

async function drawPresences(presences: readonly Presence[], look: Look): Promise<string> {
  const { colors, now } = look;
  const time = (at: Date | undefined, tell: typeof pastTime): Cell =>
    at === undefined ? { text: "-", paint: colors.dim } : { text: tell(at, now) };
  const columns: readonly (readonly [title: string, cell: (presence: Presence) => Cell, wanted: boolean])[] = [
    ["USER", ({ userId }) => ({ text: printable(userId), paint: colors.bold }), true],
    ["STATUS", ({ status }) => ({ text: `● ${status}`, paint: (text) => paintStatus(status, colors, text) }), true],
    ["SINCE", ({ since }) => time(since, pastTime), true],
    ["LAST SEEN", ({ lastSeen }) => time(lastSeen, pastTime), presences.some(({ lastSeen }) => lastSeen !== undefined)],
    ["MAY CHANGE", ({ validUntil }) => time(validUntil, relativeTime), presences.some(({ validUntil }) => validUntil !== undefined)],
    ["MESSAGE", ({ message }) => ({ text: printable(message) }), presences.some(({ message }) => message !== "")],
  ];
  const shown = columns.filter(([, , wanted]) => wanted);
  const titles = shown.map(([title]) => title);
  return drawTable(
    titles,
    presences.map((presence) => shown.map(([, cell]) => cell(presence))),
    look,
  );
}
