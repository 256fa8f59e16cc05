import {
  type ConnectCall,
  checkBatch,
  type HeartbeatCall,
  type OverrideCall,
  parseDeviceId,
  parseUserId,
  type SetStatusCall,
  type UserId,
} from "@presence/domain";
import type * as proto from "@presence/proto";
import { durationMs } from "./duration.ts";
import { parseReason, parseStatus } from "./status.ts";

// Each of these throws PresenceError `INVALID_ARGUMENT` naming the field, before anything is read or written.

export function toConnectCall({ userId, deviceId, idleFor }: proto.ConnectRequest): ConnectCall {
  return { userId: parseUserId(userId), deviceId: parseDeviceId(deviceId), idleForMs: durationMs(idleFor, "idle_for") };
}

/** @param path where the heartbeat stands in the request, with its dot */
export function toHeartbeatCall({ userId, deviceId, idleFor }: proto.HeartbeatRequest, path = ""): HeartbeatCall {
  return {
    userId: parseUserId(userId, `${path}user_id`),
    deviceId: parseDeviceId(deviceId, `${path}device_id`),
    idleForMs: durationMs(idleFor, `${path}idle_for`),
  };
}

export function toHeartbeatCalls({ heartbeats }: proto.BatchHeartbeatRequest): HeartbeatCall[] {
  checkBatch(heartbeats.length, "heartbeats");
  return heartbeats.map((heartbeat, index) => toHeartbeatCall(heartbeat, `heartbeats[${index}].`));
}

export function toSetStatusCall({ userId, status, reason, expiresIn, message, deviceId }: proto.SetStatusRequest): SetStatusCall {
  return {
    userId: parseUserId(userId),
    status: parseStatus(status, "status"),
    reason: parseReason(reason),
    expiresInMs: durationMs(expiresIn, "expires_in"),
    message,
    deviceId: deviceId === "" ? undefined : parseDeviceId(deviceId),
  };
}

export function toOverrideCall({ userId, status, expiresIn, message, ensureOnline }: proto.OverrideStatusRequest): OverrideCall {
  return {
    userId: parseUserId(userId),
    status: parseStatus(status, "status"),
    expiresInMs: durationMs(expiresIn, "expires_in"),
    message,
    ensureOnline,
  };
}

export function toUserIds(userIds: readonly string[]): UserId[] {
  checkBatch(userIds.length, "user_ids");
  return userIds.map((userId, index) => parseUserId(userId, `user_ids[${index}]`));
}
