import type { Claim, Device, Explanation, NextChange, SessionInfo } from "@presence/client";
import { formatDuration, pastTime, relativeTime } from "../duration.ts";
import type { Look } from "../look.ts";
import { printable, printableJson } from "../printable.ts";
import { paintStatus } from "../status-words.ts";
import { type Cell, drawTable } from "../table.ts";
import { type Instant, jsonInstant, plainInstant, tableInstant } from "./instant.ts";
import { tabbed } from "./plain.ts";
import { jsonClaim, jsonPresence } from "./presence.ts";

/** What a server answers now, or what a trace tells of an instant: the session is not recorded. */
export interface Explained extends Omit<Explanation, "session"> {
  readonly session: SessionInfo | undefined;
  readonly instant?: Instant;
}

/** All that decides a user's status. In a pipe each line begins with what it tells; one line a device. */
export async function renderExplanation(explanation: Explained, look: Look): Promise<string> {
  if (look.format === "json") return `${printableJson(jsonExplanation(explanation))}\n`;
  return look.format === "plain" ? plainExplanation(explanation) : drawExplanation(explanation, look);
}

function jsonExplanation({ presence, because, claim, devices, session, next, instant }: Explained) {
  return {
    ...jsonPresence(presence),
    because,
    claim: claim === undefined ? null : jsonClaim(claim),
    devices: devices.map(({ deviceId, leaseUntil, activeUntil, attached, left }) => ({
      device: deviceId,
      leaseUntil: leaseUntil ?? null,
      activeUntil: activeUntil ?? null,
      attached,
      left,
    })),
    session: session === undefined ? null : { exists: session.exists, bound: session.bound, ttlMs: session.ttlMs ?? null },
    next: next === undefined ? null : { at: next.at ?? null, status: next.status, because: next.because },
    ...(instant && jsonInstant(instant)),
  };
}

function plainExplanation({ presence, because, claim, devices, session, next, instant }: Explained): string {
  return [
    tabbed("user", presence.userId),
    tabbed("status", presence.status),
    tabbed("since", presence.since),
    tabbed("lastSeen", presence.lastSeen),
    tabbed("validUntil", presence.validUntil),
    tabbed("version", presence.version.toString()),
    tabbed("message", presence.message),
    tabbed("because", because),
    claim === undefined ? tabbed("claim", undefined) : tabbed("claim", claim.status, claim.until, claim.message),
    session === undefined ? tabbed("session", undefined) : plainSession(session),
    next === undefined ? tabbed("next", undefined) : tabbed("next", next.at, next.status, next.because),
    ...devices.map(({ deviceId, leaseUntil, activeUntil, attached, left }) =>
      tabbed("device", deviceId, left ? "left" : "live", attached ? "attached" : "unattached", leaseUntil, activeUntil),
    ),
    ...(instant === undefined ? [] : plainInstant(instant)),
  ].join("");
}

function plainSession({ exists, bound, ttlMs }: SessionInfo): string {
  return tabbed("session", exists ? "exists" : "none", bound ? "bound" : "unbound", ttlMs === undefined ? undefined : `${ttlMs}ms`);
}

async function drawExplanation({ presence, because, claim, devices, session, next, instant }: Explained, look: Look): Promise<string> {
  const { colors, now } = look;
  const when = (at: Date | undefined) => (at === undefined ? "-" : `${pastTime(at, now)} ${colors.dim(`(${at.toISOString()})`)}`);
  const facts: readonly (readonly [name: string, fact: string | undefined])[] = [
    ["because", printable(because)],
    ["since", when(presence.since)],
    ["last seen", presence.lastSeen && when(presence.lastSeen)],
    ["message", presence.message === "" ? undefined : printable(presence.message)],
    ["claim", claimFact(claim, now)],
    ["session", session && sessionFact(session)],
    ["next", nextFact(next, look)],
    ["version", presence.version.toString()],
    ...(instant === undefined ? [] : tableInstant(instant, look)),
  ];
  const lines = facts.flatMap(([name, fact]) => (fact === undefined ? [] : [`  ${colors.dim(name.padEnd(9))}  ${fact}\n`]));
  const head = `${colors.bold(printable(presence.userId))}  ${paintStatus(presence.status, colors, `● ${presence.status}`)}\n`;
  return `${head}${lines.join("")}\n${devices.length === 0 ? "no devices\n" : await drawDevices(devices, look)}`;
}

function claimFact(claim: Claim | undefined, now: Date): string {
  if (claim === undefined) return "none";
  const end = claim.until === undefined ? "without end" : `ends ${relativeTime(claim.until, now)}`;
  return `${claim.status}, ${end}${claim.message === "" ? "" : `: ${printable(claim.message)}`}`;
}

function sessionFact({ exists, bound, ttlMs }: SessionInfo): string {
  const existence = exists ? `exists, ${ttlMs === undefined ? "without end" : `ends in ${formatDuration(ttlMs)}`}` : "none";
  return `${existence}${bound ? "; its end ends the devices" : ""}`;
}

function nextFact(next: NextChange | undefined, { colors, now }: Look): string {
  if (next === undefined) return "nothing changes by time alone";
  const at = next.at === undefined ? "" : `${relativeTime(next.at, now)} `;
  return `${at}${paintStatus(next.status, colors)}: ${printable(next.because)}`;
}

async function drawDevices(devices: readonly Device[], look: Look): Promise<string> {
  const { colors, now } = look;
  const rows = devices.map(({ deviceId, leaseUntil, activeUntil, attached, left }): readonly Cell[] => [
    { text: printable(deviceId) },
    left ? { text: "left", paint: colors.dim } : { text: attached ? "attached" : "live", paint: colors.green },
    { text: leaseUntil === undefined ? "-" : relativeTime(leaseUntil, now) },
    { text: left ? "-" : activeText(activeUntil, now) },
  ]);
  return drawTable(["DEVICE", "STATE", "LEASE ENDS", "IDLE"], rows, look);
}

function activeText(activeUntil: Date | undefined, now: Date): string {
  if (activeUntil === undefined) return "not reported";
  return activeUntil > now ? relativeTime(activeUntil, now) : "idle";
}
