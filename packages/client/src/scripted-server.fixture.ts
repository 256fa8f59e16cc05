import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { PresenceAdminServiceService, PresenceServiceService, RpcStatus } from "@presence/proto";

/** One call as it arrived. */
export interface ReceivedCall {
  readonly rpc: string;
  readonly request: unknown;
  readonly metadata: Metadata;
  /** Milliseconds since 1970; infinite where the call has none. */
  readonly deadlineAt: number;
}

/** What to answer: a message, an error, or nothing at all. */
export type Answer = { readonly message: object } | { readonly error: object } | "silence";

export interface ScriptedServer {
  readonly port: number;
  readonly address: string;
  readonly received: readonly ReceivedCall[];
  close(): Promise<void>;
}

interface ScriptedServerOptions {
  /** 0: a free one. */
  readonly port?: number;
  readonly credentials?: ServerCredentials;
}

/** A real gRPC server that answers each unary call with what `script` says. */
export async function startScriptedServer(
  script: (call: ReceivedCall, count: number) => Answer,
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const server = new Server();
  const received: ReceivedCall[] = [];
  for (const service of [PresenceServiceService, PresenceAdminServiceService]) {
    const handlers: UntypedServiceImplementation = {};
    for (const [rpc, { requestStream, responseStream }] of Object.entries(service)) {
      if (requestStream || responseStream) continue;
      handlers[rpc] = (call: ServerUnaryCall<unknown, object>, callback: sendUnaryData<object>) => {
        const arrived = { rpc, request: call.request, metadata: call.metadata, deadlineAt: Number(call.getDeadline()) };
        received.push(arrived);
        const answer = script(arrived, received.length);
        if (answer === "silence") return;
        if ("message" in answer) callback(null, answer.message);
        else callback(answer.error);
      };
    }
    server.addService(service, handlers);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, options.credentials ?? ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    address: `127.0.0.1:${port}`,
    received,
    close: async () => {
      server.forceShutdown();
    },
  };
}

/** An error as a server sends it that keeps the rich error model. */
export function richError(
  code: status,
  message: string,
  details: readonly { readonly type: string; readonly value: Uint8Array }[],
): Answer {
  const metadata = new Metadata();
  const bytes = RpcStatus.encode({
    code,
    message,
    details: details.map(({ type, value }) => ({ typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) })),
  }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return { error: { code, details: message, metadata } };
}

/** An error without details. */
export function plainError(code: status, message = status[code] ?? ""): Answer {
  return { error: { code, details: message, metadata: new Metadata() } };
}
