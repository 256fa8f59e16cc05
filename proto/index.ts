export type { Duration } from "./gen/google/protobuf/duration.ts";
export { Code } from "./gen/google/rpc/code.ts";
export { BadRequest, ErrorInfo, RetryInfo } from "./gen/google/rpc/error_details.ts";
export { Status as RpcStatus } from "./gen/google/rpc/status.ts";
export * from "./gen/presence/v1/presence.ts";
export { decodeStrictly } from "./strict-decode.ts";
