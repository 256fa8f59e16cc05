import { type ConnectRequest, type ConnectResponse, type HeartbeatRequest, type SetStatusRequest, StatusReason } from "@presence/proto";
import type { ConnectCall, Connected, HeartbeatCall, SetStatusCall } from "./calls.ts";
import { durationMs, toDuration } from "./durations.ts";
import { ownPresenceFrom, toWireStatus } from "./messages.ts";

/** @throws PresenceClientError `INVALID_ARGUMENT` where no duration can say how long it has been idle */
export function toConnectRequest({ userId, deviceId, idleForMs }: ConnectCall): ConnectRequest {
  return { userId, deviceId, idleFor: toDuration(idleForMs, "idle_for") };
}

/**
 * @param field as the contract spells it, for the error
 * @throws PresenceClientError `INVALID_ARGUMENT` where no duration can say how long it has been idle
 */
export function toHeartbeatRequest({ userId, deviceId, idleForMs }: HeartbeatCall, field = "idle_for"): HeartbeatRequest {
  return { userId, deviceId, idleFor: toDuration(idleForMs, field) };
}

/** @throws PresenceClientError `INVALID_ARGUMENT` where no duration can say how long it lasts */
export function toSetStatusRequest(call: SetStatusCall): SetStatusRequest {
  const { userId, status, reason = "MANUAL", expiresInMs, message = "", deviceId = "" } = call;
  const expiresIn = toDuration(expiresInMs, "expires_in");
  return { userId, status: toWireStatus(status), reason: StatusReason[reason], expiresIn, message, deviceId };
}

export function connectedFrom(answer: ConnectResponse): Connected {
  return {
    ...ownPresenceFrom(answer),
    leaseTtlMs: durationMs(answer.leaseTtl) ?? 0,
    heartbeatIntervalMs: durationMs(answer.heartbeatInterval) ?? 0,
  };
}
