import type { AttachRequest } from "@presence/proto";
import type { OpenIdentities } from "../auth/open-identities.ts";
import type { Decoded } from "../rpc/decoded.ts";
import type { DuplexHandler } from "../rpc/service-types.ts";
import { type AttachParts, AttachSession } from "./attach-session.ts";
import type { OpenStreams } from "./open-streams.ts";

export interface AttachHandlerParts extends AttachParts {
  readonly streams: OpenStreams;
  readonly identities: OpenIdentities;
}

/** So many requests of one stream are worked on at once; beyond that the peer is read no further. */
const maxInFlight = 200;

/** One stream that is the heartbeat of one device, or of a gateway's thousands. */
export function attach(parts: AttachHandlerParts): DuplexHandler<AttachRequest> {
  let count = 0;
  return (call, identity) => {
    const session = new AttachSession(parts, call, identity, `${parts.serverId}.${(++count).toString(36)}`);
    session.onRelease = parts.identities.follow(identity, (error) => parts.streams.fail(session, error));
    parts.streams.add(session);
    call.on("data", (request: Decoded<AttachRequest>) => {
      session.request(request);
      if (session.waiting >= maxInFlight) call.pause();
    });
    session.onRoom = () => {
      if (session.waiting < maxInFlight / 2 && call.isPaused()) call.resume();
    };
    // The peer has said all it will say. It is no heartbeat any more; what it was told to do is still done.
    call.on("end", () => void session.finish());
  };
}
