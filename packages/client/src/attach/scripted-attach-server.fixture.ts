import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import {
  type AttachRequest,
  type AttachResponse,
  type BatchHeartbeatRequest,
  type BatchHeartbeatResponse,
  FeedState,
  type Presence,
  PresenceServiceService,
  Status,
} from "@presence/proto";

type Request = NonNullable<AttachRequest["request"]>;
type Response = NonNullable<AttachResponse["response"]>;
/** What to answer to a request; undefined: as a server does that has nothing against it. */
export type Script = (request: Request, stream: ScriptedStream) => Response | "silence" | undefined;

/** One Attach stream as the server sees it. */
export class ScriptedStream {
  readonly requests: Request[] = [];
  readonly ids: bigint[] = [];
  ended = false;
  cancelled = false;
  readonly #call: ServerDuplexStream<AttachRequest, AttachResponse>;

  constructor(call: ServerDuplexStream<AttachRequest, AttachResponse>, script: Script) {
    this.#call = call;
    call.on("data", ({ requestId, request }: AttachRequest) => {
      if (request === undefined) return;
      this.requests.push(request);
      this.ids.push(requestId);
      const answer = script(request, this) ?? (request.$case === "connect" ? connected(request.value.userId) : ack(userOf(request)));
      if (answer !== "silence") this.say(answer, requestId);
    });
    call.on("end", () => {
      this.ended = true;
      call.end();
    });
    call.on("cancelled", () => {
      this.cancelled = true;
    });
  }

  /** Says something; by default it answers no request. */
  say(response: Response, requestId = 0n): void {
    this.#call.write({ requestId, response });
  }

  /** Ends the stream with an error. */
  fail(code: status, details = ""): void {
    this.#call.emit("error", { code, details, metadata: new Metadata() });
  }

  /** Requests of one kind, in their order, each in a few words. */
  said($case: Request["$case"]): string[] {
    return this.requests.filter((request) => request.$case === $case).map(words);
  }
}

export interface AttachServer {
  readonly port: number;
  readonly address: string;
  readonly streams: readonly ScriptedStream[];
  /** The devices of each unary batch of heartbeats. */
  readonly batches: readonly (readonly string[])[];
  close(): void;
}

interface AttachServerOptions {
  readonly script?: Script;
  readonly port?: number;
  /** Devices whose heartbeats are refused, as `user/device`. */
  readonly gone?: readonly string[];
}

/** A real gRPC server with an Attach of its own. */
export async function startAttachServer({
  script = () => undefined,
  port = 0,
  gone = [],
}: AttachServerOptions = {}): Promise<AttachServer> {
  const server = new Server();
  const streams: ScriptedStream[] = [];
  const batches: string[][] = [];
  const { attach, batchHeartbeat } = PresenceServiceService;
  server.addService({ attach, batchHeartbeat } as never, {
    attach: (call: ServerDuplexStream<AttachRequest, AttachResponse>) => void streams.push(new ScriptedStream(call, script)),
    batchHeartbeat: (
      { request }: ServerUnaryCall<BatchHeartbeatRequest, BatchHeartbeatResponse>,
      reply: sendUnaryData<BatchHeartbeatResponse>,
    ) => {
      batches.push(request.heartbeats.map(({ userId, deviceId }) => `${userId}/${deviceId}`));
      const results = request.heartbeats.map(({ userId, deviceId }) => {
        const error = gone.includes(`${userId}/${deviceId}`) ? disconnected : undefined;
        return { userId, deviceId, status: Status.ONLINE, error };
      });
      reply(null, { results });
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, one) =>
      error === null ? resolve(one) : reject(error),
    );
  });
  return { port: bound, address: `127.0.0.1:${bound}`, streams, batches, close: () => server.forceShutdown() };
}

export function presence(userId: string, version = 1n): Presence {
  return { userId, status: Status.ONLINE, since: undefined, lastSeen: undefined, message: "", version, validUntil: undefined };
}

export function connected(userId: string, heartbeatMs = 30_000): Response {
  const heartbeatInterval = { seconds: BigInt(Math.floor(heartbeatMs / 1_000)), nanos: (heartbeatMs % 1_000) * 1_000_000 };
  return {
    $case: "connected",
    value: { presence: presence(userId), claim: undefined, leaseTtl: { seconds: 120n, nanos: 0 }, heartbeatInterval },
  };
}

export function ack(userId: string): Response {
  return { $case: "ack", value: { presence: userId === "" ? undefined : presence(userId), claim: undefined } };
}

const disconnected = {
  code: status.FAILED_PRECONDITION,
  message: "it left",
  details: [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: Buffer.from([10, 19, ...Buffer.from("DEVICE_DISCONNECTED")]) }],
};

/** An error; about a device where one is named. */
export function refusal(code: status, device = { userId: "", deviceId: "" }): Response {
  const why = code === status.FAILED_PRECONDITION ? disconnected : { code, message: "no", details: [] };
  return { $case: "error", value: { status: why, ...device } };
}

export const snapshot = (...presences: Presence[]): Response => ({
  $case: "presence",
  value: { event: { $case: "snapshot", value: { presences } } },
});
export const change = (one: Presence): Response => ({ $case: "presence", value: { event: { $case: "change", value: { presence: one } } } });
export const partySnapshot = (partyId: string, ...members: Presence[]): Response => ({
  $case: "party",
  value: { partyId, event: { $case: "snapshot", value: { party: { partyId, members, counts: [] } } } },
});
export const joined = (partyId: string, one: Presence): Response => ({
  $case: "party",
  value: { partyId, event: { $case: "joined", value: { presence: one } } },
});
export const left = (partyId: string, userId: string): Response => ({
  $case: "party",
  value: { partyId, event: { $case: "left", value: { userId } } },
});
export const stale: Response = { $case: "feed", value: { state: FeedState.STALE } };
export const live: Response = { $case: "feed", value: { state: FeedState.LIVE } };

function userOf(request: Request): string {
  return "userId" in request.value ? request.value.userId : "";
}

function words({ $case, value }: Request): string {
  if ("partyIds" in value) return [...value.userIds, ...value.partyIds].join();
  const idleFor = "idleFor" in value && value.idleFor !== undefined ? ` idle ${value.idleFor.seconds}s` : "";
  return $case === "activity" && value.userId === "" ? "" : `${value.userId}/${value.deviceId}${idleFor}`;
}
