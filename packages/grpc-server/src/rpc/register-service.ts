import type { Server, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Act } from "@presence/domain";
import type { Calls } from "./calls.ts";
import { decode, type MessageType } from "./decoded.ts";
import type { Acts, DuplexHandler, RequestTypes, ServerStreamHandler, Service, StreamHandlers, UnaryHandlers } from "./service-types.ts";

/** How a server answers the rpcs of one service. */
export interface Handlers<S extends Service> {
  readonly requests: RequestTypes<S>;
  readonly acts: Acts<S>;
  readonly unary: UnaryHandlers<S>;
  readonly streams: StreamHandlers<S>;
}

/** Adds a service to a server: each rpc with a decoder that cannot throw, with what the policy has to allow, and with its handler. */
export function registerService<S extends Service>(
  server: Pick<Server, "addService">,
  service: S,
  { requests, acts, unary, streams }: Handlers<S>,
  calls: Calls,
): void {
  const definition: Record<string, unknown> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, rpc] of Object.entries(service)) {
    const type: MessageType<unknown> = requests[name as keyof S];
    const act = acts[name as keyof S] as (request: unknown) => Act;
    const requestDeserialize = (bytes: Buffer) => decode(type, bytes);
    if (rpc.responseStream) {
      // Streams write bytes: what goes to many watchers is encoded once.
      definition[name] = { ...rpc, requestDeserialize, responseSerialize: (bytes: Buffer) => bytes };
      const open = handlerOf(streams, name, rpc.path);
      implementation[name] = rpc.requestStream
        ? calls.duplex(rpc.path, open as DuplexHandler<unknown>)
        : calls.stream(rpc.path, act, open as ServerStreamHandler<unknown>);
    } else {
      definition[name] = { ...rpc, requestDeserialize };
      implementation[name] = calls.unary(rpc.path, act, handlerOf(unary, name, rpc.path) as (request: unknown) => Promise<unknown>);
    }
  }
  server.addService(definition as unknown as ServiceDefinition, implementation);
}

function handlerOf(handlers: object, name: string, path: string): unknown {
  const handler: unknown = Reflect.get(handlers, name);
  if (handler === undefined) throw new Error(`${path} has no handler`);
  return handler;
}
