import { type HeartbeatCall, type HeartbeatOutcome, presenceAt, refusalError } from "@presence/domain";
import { type HeartbeatResult, Status } from "@presence/proto";
import { toRpcStatus } from "../errors/rpc-status.ts";
import { toWireStatus } from "./status.ts";

/** What one heartbeat of a batch came to. */
export function toHeartbeatResult({ userId, deviceId }: HeartbeatCall, { record, moment, refusal }: HeartbeatOutcome): HeartbeatResult {
  if (refusal !== undefined)
    return { userId, deviceId, status: Status.UNSPECIFIED, error: toRpcStatus(refusalError(refusal, userId, deviceId)) };
  return { userId, deviceId, status: toWireStatus(presenceAt(userId, record, moment).status), error: undefined };
}
