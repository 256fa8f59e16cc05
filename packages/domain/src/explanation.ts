import type { UserId } from "./ids.ts";
import { type NextChange, nextVisibleChange } from "./next-change.ts";
import type { SessionInfo } from "./ports.ts";
import { type Presence, presenceOf } from "./presence.ts";
import type { PresenceRecord } from "./record.ts";
import { aboveLost, settle } from "./settle.ts";
import { never } from "./time.ts";
import { effective, type Moment, windowAround } from "./watched-time.ts";

/** Why a user shows as he does. */
export interface Explanation {
  readonly presence: Presence;
  /** Settled at the moment of the answer: claim, devices and those that left. */
  readonly record: PresenceRecord;
  readonly session: SessionInfo | undefined;
  /** One sentence. */
  readonly because: string;
  /** What time alone will change next. */
  readonly next: (NextChange & { readonly because: string }) | undefined;
}

/** Answers with the rule that decided, in words. */
export function explain(userId: UserId, record: PresenceRecord, moment: Moment, session: SessionInfo | undefined): Explanation {
  const settled = settle(aboveLost(record, moment), moment).record;
  const next = nextVisibleChange(settled, moment.window);
  return {
    presence: presenceOf(userId, settled),
    record: settled,
    session,
    because: becauseOf(settled, moment),
    next: next && { ...next, because: becauseOfNext(settled, next, moment) },
  };
}

function becauseOf(record: PresenceRecord, moment: Moment): string {
  const live = record.devices.length;
  const doubt = windowAround(moment.now, moment.window) !== undefined ? "; leases count longer, because nobody watched for a while" : "";
  if (record.revision === 0) return "Nothing is known of this user.";
  if (live === 0)
    return `No device lives: ${record.left.length > 0 ? "the last one left" : "the last lease ended without a sign of life"}${claimKept(record)}.`;
  if (record.claim?.status === "OFFLINE")
    return `The user chose OFFLINE, so ${devices(live)} ${live === 1 ? "is" : "are"} hidden from others${doubt}.`;
  if (record.claim !== undefined)
    return `The user chose ${record.claim.status}, which goes before what ${devices(live)} ${live === 1 ? "does" : "do"}${doubt}.`;
  if (record.status === "ONLINE") {
    const active = record.devices.filter((device) => effective(device.activeUntil, moment.window) > moment.now);
    return `No status is chosen, and device ${active.map(({ id }) => id).join(", ")} ${active.length === 1 ? "is" : "are"} active${doubt}.`;
  }
  return `No status is chosen, and ${devices(live)} ${live === 1 ? "lives but is" : "live but are"} idle${doubt}.`;
}

function claimKept({ claim }: PresenceRecord): string {
  return claim === undefined ? "" : `; the user's choice of ${claim.status} waits for the next connect`;
}

function becauseOfNext(record: PresenceRecord, next: NextChange, { window }: Moment): string {
  if (next.status === "OFFLINE") return "the last lease ends";
  if (record.claim?.until === next.at) return `the choice of ${record.claim.status} ends`;
  if (next.status === record.status && record.message?.until === next.at) return "the message ends";
  const idle = record.devices.find((device) => device.activeUntil !== never && effective(device.activeUntil, window) === next.at);
  return idle === undefined ? "the lease of the last active device ends" : `device ${idle.id} has been idle for long enough`;
}

function devices(count: number): string {
  return count === 1 ? "1 device" : `${count} devices`;
}
