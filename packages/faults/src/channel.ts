import { credentials } from "@grpc/grpc-js";
import { PresenceServiceClient } from "@presence/proto";

/** A connection of its own to one server. It comes back quickly, and notices within seconds when nobody is there. */
export function openChannel(address: string): PresenceServiceClient {
  return new PresenceServiceClient(address, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 500,
    "grpc.keepalive_time_ms": 3_000,
    "grpc.keepalive_timeout_ms": 2_000,
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
  });
}
