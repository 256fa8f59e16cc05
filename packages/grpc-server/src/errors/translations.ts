import { status } from "@grpc/grpc-js";
import type { PresenceError, PresenceErrorCode } from "@presence/domain";
import { BadRequest, ErrorInfo, RetryInfo, type RpcStatus } from "@presence/proto";
import { toDuration } from "../codec/duration.ts";

type Detail = RpcStatus["details"][number];

interface Translation {
  readonly status: status;
  readonly details: (error: PresenceError) => Detail[];
}

/** Where a store does not say when to come back. */
const defaultRetryMs = 500;
const none = () => [];

/** Every code of the domain, the gRPC status it becomes, and what travels with it for programs to read. */
export const translations = {
  INVALID_ARGUMENT: { status: status.INVALID_ARGUMENT, details: badRequest },
  DEVICE_DISCONNECTED: { status: status.FAILED_PRECONDITION, details: errorInfo },
  SESSION_REQUIRED: { status: status.FAILED_PRECONDITION, details: errorInfo },
  LIMIT_EXCEEDED: { status: status.RESOURCE_EXHAUSTED, details: retryInfoIfItHelps },
  UNAUTHENTICATED: { status: status.UNAUTHENTICATED, details: none },
  PERMISSION_DENIED: { status: status.PERMISSION_DENIED, details: none },
  UNAVAILABLE: { status: status.UNAVAILABLE, details: retryInfo },
  INTERNAL: { status: status.INTERNAL, details: none },
} as const satisfies Record<PresenceErrorCode, Translation>;

function badRequest({ violations }: PresenceError): Detail[] {
  if (violations.length === 0) return [];
  const fieldViolations = violations.map(({ field, description }) => ({ field, description, reason: "", localizedMessage: undefined }));
  return [any("google.rpc.BadRequest", BadRequest.encode({ fieldViolations }).finish())];
}

function errorInfo({ code }: PresenceError): Detail[] {
  return [any("google.rpc.ErrorInfo", ErrorInfo.encode({ reason: code, domain: "presence", metadata: {} }).finish())];
}

function retryInfo({ retryAfterMs = defaultRetryMs }: PresenceError): Detail[] {
  return [any("google.rpc.RetryInfo", RetryInfo.encode({ retryDelay: toDuration(Math.ceil(retryAfterMs)) }).finish())];
}

// A request that is too large stays so.
function retryInfoIfItHelps(error: PresenceError): Detail[] {
  return error.retryAfterMs === undefined ? [] : retryInfo(error);
}

function any(type: string, message: Uint8Array): Detail {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(message) };
}
