import type { Status } from "./status.ts";

/** Every reason for which a visible status can move: a command, or time alone. */
export const causes = [
  "connect",
  "heartbeat",
  "set-online",
  "set-away",
  "set-dnd",
  "set-offline",
  "inactivity",
  "disconnect",
  "drop",
  "session-ended",
  "kick",
  "lease-lapsed",
  "went-idle",
  "claim-expired",
] as const;

export type Cause = (typeof causes)[number];

/** One visible move of a status. */
export interface Move {
  readonly from: Status;
  readonly to: Status;
  readonly cause: Cause;
}

type Moves = { readonly [From in Status]: readonly Exclude<Status, From>[] };

/**
 * The status state machine, *cause → from → legal destinations*. Staying where one is, is always legal.
 * Several devices and a standing claim decide between the destinations of a row.
 */
export const transitions = {
  // A claim that stands decides over the device; an app may say at once that nobody sits before it.
  connect: { ONLINE: ["AWAY"], AWAY: ["ONLINE"], DND: [], OFFLINE: ["ONLINE", "AWAY", "DND"] },
  // As connect: a laptop that woke up, or news about idleness.
  heartbeat: { ONLINE: ["AWAY"], AWAY: ["ONLINE"], DND: [], OFFLINE: ["ONLINE", "AWAY", "DND"] },
  // AWAY where the device that asks has left and the ones that live are idle.
  "set-online": { ONLINE: [], AWAY: ["ONLINE"], DND: ["ONLINE", "AWAY"], OFFLINE: ["ONLINE", "AWAY"] },
  "set-away": { ONLINE: ["AWAY"], AWAY: [], DND: ["AWAY"], OFFLINE: ["AWAY"] },
  "set-dnd": { ONLINE: ["DND"], AWAY: ["DND"], DND: [], OFFLINE: ["DND"] },
  "set-offline": { ONLINE: ["OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  // Never over a claim: only who shows as ONLINE can go idle.
  inactivity: { ONLINE: ["AWAY"], AWAY: [], DND: [], OFFLINE: [] },
  disconnect: { ONLINE: ["AWAY", "OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  // Only without a grace; otherwise time alone moves it.
  drop: { ONLINE: ["AWAY", "OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  "session-ended": { ONLINE: ["OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  kick: { ONLINE: ["OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  "lease-lapsed": { ONLINE: ["AWAY", "OFFLINE"], AWAY: ["OFFLINE"], DND: ["OFFLINE"], OFFLINE: [] },
  "went-idle": { ONLINE: ["AWAY"], AWAY: [], DND: [], OFFLINE: [] },
  // The rules run again as if it had never been; nothing is restored.
  "claim-expired": { ONLINE: [], AWAY: ["ONLINE"], DND: ["ONLINE", "AWAY"], OFFLINE: ["ONLINE", "AWAY"] },
} as const satisfies Record<Cause, Moves>;

/** Whether the table allows this move. */
export function isLegal(move: Move): boolean {
  return move.from === move.to || (transitions[move.cause][move.from] as readonly Status[]).includes(move.to);
}
