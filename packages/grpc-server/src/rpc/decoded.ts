import { PresenceError } from "@presence/domain";
import { decodeStrictly } from "@presence/proto";

/** A type of message, as generated. */
export type MessageType<Message> = Parameters<typeof decodeStrictly<Message>>[0];

/**
 * What a deserializer makes of bytes that are no message. It must not throw: grpc-js would answer INTERNAL, as if the fault were ours.
 */
export class Malformed {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }

  /** What the caller is told. */
  toError(): PresenceError {
    return new PresenceError("INVALID_ARGUMENT", "the request is no message of this rpc", { cause: this.cause });
  }
}

/** A request as it comes off the wire. */
export type Decoded<Message> = Message | Malformed;

/** The message in `bytes`, or what says that there is none. */
export function decode<Message>(type: MessageType<Message>, bytes: Uint8Array): Decoded<Message> {
  try {
    return decodeStrictly(type, bytes);
  } catch (error) {
    return new Malformed(error);
  }
}
