import { Metadata, type ServiceError } from "@grpc/grpc-js";
import type { PresenceError } from "@presence/domain";
import { RpcStatus } from "@presence/proto";
import { translations } from "./translations.ts";

/** The trailer that carries a google.rpc.Status, by gRPC's convention for rich errors. */
const detailsKey = "grpc-status-details-bin";

/** An error as a message: for an answer that has one among its results, and for the trailer of a call that failed. */
export function toRpcStatus(error: PresenceError): RpcStatus {
  const { status, details } = translations[error.code];
  return { code: status, message: error.message, details: details(error) };
}

/** What grpc-js sends where a call fails. */
export function toServiceError(error: PresenceError): Pick<ServiceError, "code" | "details" | "metadata"> {
  const rich = toRpcStatus(error);
  const metadata = new Metadata();
  if (rich.details.length > 0) metadata.set(detailsKey, Buffer.from(RpcStatus.encode(rich).finish()));
  return { code: rich.code, details: rich.message, metadata };
}
