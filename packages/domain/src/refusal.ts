import type { Refusal } from "./commands/index.ts";
import { PresenceError } from "./errors.ts";
import type { DeviceId, UserId } from "./ids.ts";

const reasons = {
  DEVICE_DISCONNECTED: "left, was kicked or lost its session; connect again",
  SESSION_REQUIRED: "has no session; log in first",
} as const satisfies Record<Refusal, string>;

/** The error that a refusal becomes. */
export function refusalError(refusal: Refusal, userId: UserId, deviceId?: DeviceId): PresenceError {
  const who = refusal === "DEVICE_DISCONNECTED" && deviceId !== undefined ? `device ${deviceId} of user ${userId}` : `user ${userId}`;
  return new PresenceError(refusal, `${who} ${reasons[refusal]}`);
}
