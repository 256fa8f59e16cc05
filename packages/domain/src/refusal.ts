import type { Refusal } from "./commands/index.ts";
import { PresenceError, type PresenceErrorCode } from "./errors.ts";
import type { DeviceId, UserId } from "./ids.ts";

const reasons = {
  DEVICE_DISCONNECTED: ["DEVICE_DISCONNECTED", "left, was kicked or lost its session; connect again"],
  SESSION_REQUIRED: ["SESSION_REQUIRED", "has no session; log in first"],
  SUPERSEDED: ["DEVICE_DISCONNECTED", "was connected elsewhere since; that connection holds it now"],
} as const satisfies Record<Refusal, readonly [PresenceErrorCode, string]>;

/** The error that a refusal becomes. */
export function refusalError(refusal: Refusal, userId: UserId, deviceId?: DeviceId): PresenceError {
  const [code, reason] = reasons[refusal];
  const who = refusal === "SESSION_REQUIRED" || deviceId === undefined ? `user ${userId}` : `device ${deviceId} of user ${userId}`;
  return new PresenceError(code, `${who} ${reason}`);
}
