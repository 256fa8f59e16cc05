import type { UserId } from "./ids.ts";
import { type NextChange, nextVisibleChange } from "./next-change.ts";
import type { SessionInfo } from "./ports.ts";
import { type Presence, presenceOf } from "./presence.ts";
import type { PresenceRecord } from "./record.ts";
import { settle } from "./settle.ts";
import type { Moment } from "./watched-time.ts";

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

export function explain(userId: UserId, record: PresenceRecord, moment: Moment, session: SessionInfo | undefined): Explanation {
  const settled = settle(record, moment).record;
  const next = nextVisibleChange(settled, moment.window);
  return {
    presence: presenceOf(userId, settled),
    record: settled,
    session,
    because: becauseOf(settled),
    next: next && { ...next, because: "" },
  };
}

function becauseOf(_record: PresenceRecord): string {
  return "";
}
