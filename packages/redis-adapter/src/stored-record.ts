import { PresenceError, type PresenceRecord, type UserId, unknownRecord } from "@presence/domain";
import { decodeRecord, isKnownFormat } from "./record-text.ts";

/** Neither a rollout of servers nor a repair by hand is over sooner. */
const retryAfterMs = 5_000;

/** What stands under a user's key, or why it cannot be read. Nothing there: the user was never seen. */
export function readRecord(userId: UserId, text: string | null | undefined): PresenceRecord | PresenceError {
  if (text === null || text === undefined || text === "") return unknownRecord;
  if (!isKnownFormat(text)) return unknownFormatOf(userId);
  try {
    return decodeRecord(text);
  } catch (error) {
    // Without a word of what it says: it may be the invisible's.
    return PresenceError.unavailable(`the record of user ${userId} is damaged; restore or delete it`, retryAfterMs, error);
  }
}

/** A server of another version wrote what we cannot read: its answer is right, ours would not be. */
export function unknownFormatOf(userId: UserId): PresenceError {
  const why = "has a format that this version does not know; a newer server wrote it, or it is damaged";
  return PresenceError.unavailable(`the record of user ${userId} ${why}`, retryAfterMs);
}
