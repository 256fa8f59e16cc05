import { status as grpcStatus, type ServiceError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo, RpcStatus } from "@presence/proto";
import { durationMs } from "./durations.ts";
import { PresenceClientError, type PresenceClientErrorCode } from "./presence-client-error.ts";

/** The trailer that carries a google.rpc.Status, by gRPC's convention for rich errors. */
const detailsKey = "grpc-status-details-bin";

/** The one place where what goes wrong below becomes a `PresenceClientError`. */
export function toClientError(error: unknown): PresenceClientError {
  if (error instanceof PresenceClientError) return error;
  if (isServiceError(error)) return richError(error) ?? new PresenceClientError(codeName(error.code), error.details, { cause: error });
  return new PresenceClientError("INTERNAL", error instanceof Error ? error.message : String(error), { cause: error });
}

/** The error inside an answer, such as that of one heartbeat of a batch. */
export function fromRpcStatus(rich: RpcStatus, cause?: unknown): PresenceClientError {
  const details: { violations?: BadRequest["fieldViolations"]; reason?: string; retryAfterMs?: number } = {};
  for (const { typeUrl, value } of rich.details) {
    const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
    if (type === "google.rpc.BadRequest") details.violations = BadRequest.decode(value).fieldViolations;
    if (type === "google.rpc.ErrorInfo") details.reason = ErrorInfo.decode(value).reason;
    if (type === "google.rpc.RetryInfo") details.retryAfterMs = durationMs(RetryInfo.decode(value).retryDelay) ?? 0;
  }
  const violations = details.violations?.map(({ field, description }) => ({ field, description }));
  return new PresenceClientError(codeName(rich.code), rich.message, { ...details, violations, cause });
}

function richError(error: ServiceError): PresenceClientError | undefined {
  const [bytes] = error.metadata.get(detailsKey);
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    return fromRpcStatus(RpcStatus.decode(bytes), error);
  } catch {
    // Some proxies and servers put other bytes there; the plain status still holds, and `cause` has the bytes.
    return undefined;
  }
}

function codeName(code: number): PresenceClientErrorCode {
  const name = grpcStatus[code];
  return name === undefined || name === "OK" ? "UNKNOWN" : (name as PresenceClientErrorCode);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error && "metadata" in error;
}
