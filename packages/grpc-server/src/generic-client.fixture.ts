import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, type ServiceClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { BadRequest, ErrorInfo, RetryInfo, RpcStatus } from "@presence/proto";

// As grpcurl and any client in another language: nothing but the .proto files.
const definition = loadSync("presence/v1/presence.proto", {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  includeDirs: ["../../../proto", "../../../proto/node_modules/google-proto-files"].map((dir) =>
    fileURLToPath(new URL(dir, import.meta.url)),
  ),
});

/** An answer as JSON-like data; its shape is what the test says it is. */
// biome-ignore lint/suspicious/noExplicitAny: the client knows no types, as no client that is made at run time does
export type Answer = any;

export interface GenericClient {
  /** Answers, or throws the ServiceError. Times are the deadline from now. */
  call(rpc: string, request?: object, deadlineMs?: number): Promise<Answer>;
  /** Sends bytes as they are. */
  send(rpc: string, bytes: Uint8Array): Promise<Buffer>;
  close(): void;
}

const serviceNames = ["presence.v1.PresenceService", "presence.v1.PresenceAdminService"] as const;

/** Every unary rpc of the contract, as `Service/Method`. */
export const unaryRpcs: readonly string[] = serviceNames.flatMap((service) =>
  Object.entries(definition[service] ?? {})
    .filter(([, method]) => !method.requestStream && !method.responseStream)
    .map(([method]) => `${service}/${method}`),
);

/** Every rpc of the contract, streams too, by the names that code gives them. */
export const allRpcs: readonly string[] = serviceNames.flatMap((service) =>
  Object.values(definition[service] ?? {}).map(({ originalName }) => String(originalName)),
);

/** Every request that an attached stream knows, as the contract spells it. */
export const attachRequests: readonly string[] = (
  definition["presence.v1.AttachRequest"] as unknown as { type: { field: { name: string }[] } }
).type.field
  .map(({ name }) => name)
  .filter((name) => name !== "request_id");

export function genericClient(address: string): GenericClient {
  const packages = loadPackageDefinition(definition) as unknown as { presence: { v1: Record<string, ServiceClientConstructor> } };
  const clients = serviceNames.map((name) => {
    const Client = packages.presence.v1[name.slice("presence.v1.".length)];
    if (Client === undefined) throw new Error(`no ${name} in the .proto`);
    return new Client(address, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 200,
    });
  });
  const methods = new Map(
    serviceNames.flatMap((service, index) =>
      Object.entries(definition[service] ?? {}).map(([method, rpc]) => [method, { rpc, client: clients[index] }]),
    ),
  );

  function make(
    name: string,
    serialize: (value: never) => Buffer,
    deserialize: (bytes: Buffer) => unknown,
    request: unknown,
    deadlineMs: number,
  ): Promise<Answer> {
    const { rpc, client } = methods.get(name.split("/").pop() ?? "") ?? {};
    if (rpc === undefined || client === undefined) throw new Error(`no rpc ${name}`);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        rpc.path,
        serialize as never,
        deserialize as never,
        request,
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, answer: Answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });
  }

  return {
    call(name, request = {}, deadlineMs = 5_000) {
      const rpc = methods.get(name)?.rpc;
      return make(name, rpc?.requestSerialize as never, rpc?.responseDeserialize as never, request, deadlineMs);
    },
    send(name, bytes) {
      const same = (value: Uint8Array) => Buffer.from(value);
      return make(name, same as never, same, bytes, 5_000);
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

/** What a failed call says, with its details decoded. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly fields: readonly string[];
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly retryMs: number | undefined;
}

/** The refusal that `call` ends with. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    (answer) => Promise.reject(new Error(`expected a refusal, got ${JSON.stringify(answer)}`)),
    (error: ServiceError) => error,
  );
  if (error.metadata === undefined) throw error;
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const rich = bytes instanceof Buffer ? RpcStatus.decode(bytes) : undefined;
  if (rich !== undefined && rich.code !== error.code) throw new Error(`the trailer says ${rich.code}, the call ${error.code}`);
  const detail = <Message>(name: string, type: { decode(value: Uint8Array): Message }): Message | undefined => {
    const found = rich?.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`);
    return found === undefined ? undefined : type.decode(found.value);
  };
  const delay = detail("RetryInfo", RetryInfo)?.retryDelay;
  const info = detail("ErrorInfo", ErrorInfo);
  return {
    code: error.code,
    message: error.details,
    fields: detail("BadRequest", BadRequest)?.fieldViolations.map(({ field }) => field) ?? [],
    reason: info?.reason,
    domain: info?.domain,
    retryMs: delay && Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000,
  };
}

/** Calls `look` until it does not throw; then returns what it gave. */
export async function eventually<Value>(look: () => Promise<Value> | Value, withinMs = 5_000): Promise<Value> {
  for (const deadline = performance.now() + withinMs; ; ) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
