import { PresenceError } from "./errors.ts";
import type { UserId } from "./ids.ts";
import { type PresenceNow, presenceNow } from "./presence.ts";
import type { OwnClaim, OwnPresence } from "./presence-calls.ts";
import type { PresenceRecord } from "./record.ts";
import { never } from "./time.ts";
import type { Moment } from "./watched-time.ts";

/** The presence of `record` for the user himself: with his claim, and OFFLINE where he chose it even while others are told nothing. */
export function ownPresence(userId: UserId, record: PresenceRecord, moment: Moment): OwnPresence {
  const now = presenceNow(userId, record, moment);
  const { claim } = record;
  if (claim === undefined || claim.until <= moment.now) return { ...told(now, moment), claim: undefined };
  const own: OwnClaim = {
    status: claim.status,
    until: claim.until === never ? undefined : claim.until,
    message: record.message?.text ?? "",
  };
  return { ...(claim.status === "OFFLINE" ? now : told(now, moment)), claim: own };
}

/** The answer, unless it says OFFLINE while writes may have been lost: nobody is OFFLINE because we cannot see. */
export function told(answer: PresenceNow, moment: Moment): PresenceNow {
  if (answer.presence.status === "OFFLINE") notBlind(moment);
  return answer;
}

/** @throws PresenceError `UNAVAILABLE` while writes may have been lost */
export function notBlind({ now, blindUntil }: Moment): void {
  if (now < blindUntil) throw PresenceError.unavailable("the store has lost writes; who is offline is known again soon", blindUntil - now);
}
