/** All statuses, the most present first. */
export const statuses = ["ONLINE", "AWAY", "DND", "OFFLINE"] as const;

/** The status that others see. */
export type Status = (typeof statuses)[number];

/** What others see of a user. */
export interface Presence {
  readonly userId: string;
  readonly status: Status;
  /** When this status began; undefined for a user never seen. */
  readonly since: Date | undefined;
  /** The last sign of life; only while OFFLINE, and only for a user who was ever seen. */
  readonly lastSeen: Date | undefined;
  /** Free text, empty for none. It comes from users: escape it before it is shown. */
  readonly message: string;
  /** Strictly increasing per user; the same version always means the same state. */
  readonly version: bigint;
  /** Until when this answer holds if nothing happens; undefined: it has no such end, or it is not told. */
  readonly validUntil: Date | undefined;
}

/** What a user chose by hand. */
export interface Claim {
  readonly status: Status;
  /** Undefined: no end. */
  readonly until: Date | undefined;
  readonly message: string;
}

/** An answer to the user himself: what others see, and what he chose. */
export interface OwnPresence {
  readonly presence: Presence;
  readonly claim: Claim | undefined;
}

/** How many users show each status; every status has its number. */
export type StatusCounts = Readonly<Record<Status, number>>;

export interface Party {
  readonly partyId: string;
  readonly members: readonly Presence[];
  readonly counts: StatusCounts;
}
