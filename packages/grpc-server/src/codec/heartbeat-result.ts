import { type HeartbeatCall, type HeartbeatOutcome, PresenceError, presenceAt, refusalError } from "@presence/domain";
import { type HeartbeatResult, Status } from "@presence/proto";
import { toRpcStatus } from "../errors/rpc-status.ts";
import { toWireStatus } from "./status.ts";

/** What one heartbeat of a batch came to. */
export function toHeartbeatResult({ userId, deviceId }: HeartbeatCall, outcome: HeartbeatOutcome | PresenceError): HeartbeatResult {
  const failed = (error: PresenceError) => ({ userId, deviceId, status: Status.UNSPECIFIED, error: toRpcStatus(error) });
  if (outcome instanceof PresenceError) return failed(outcome);
  const { record, moment, refusal } = outcome;
  if (refusal !== undefined) return failed(refusalError(refusal, userId, deviceId));
  return { userId, deviceId, status: toWireStatus(presenceAt(userId, record, moment).status), error: undefined };
}
