import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Calls } from "./calls.ts";
import { decode, type MessageType } from "./decoded.ts";
import type { RequestTypes, Service, StreamHandlers, UnaryHandlers } from "./service-types.ts";

/** How a server answers the rpcs of one service. */
export interface Handlers<S extends Service> {
  readonly requests: RequestTypes<S>;
  readonly unary: UnaryHandlers<S>;
  readonly streams: StreamHandlers<S>;
}

/** Adds a service to a server: each rpc with a decoder that cannot throw, and with its handler. */
export function registerService<S extends Service>(
  server: Server,
  service: S,
  { requests, unary, streams }: Handlers<S>,
  calls: Calls,
): void {
  const definition: Record<string, unknown> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, rpc] of Object.entries(service)) {
    const type: MessageType<unknown> = requests[name as keyof S];
    const requestDeserialize = (bytes: Buffer) => decode(type, bytes);
    if (rpc.responseStream) {
      // Streams write bytes: what goes to many watchers is encoded once.
      definition[name] = { ...rpc, requestDeserialize, responseSerialize: (bytes: Buffer) => bytes };
      implementation[name] = (streams as Readonly<Record<string, UntypedHandleCall>>)[name] as UntypedHandleCall;
    } else {
      definition[name] = { ...rpc, requestDeserialize };
      const handle = (unary as Readonly<Record<string, (request: unknown) => Promise<unknown>>>)[name];
      if (handle === undefined) throw new Error(`${rpc.path} has no handler`);
      implementation[name] = calls.unary(rpc.path, handle);
    }
  }
  server.addService(definition as unknown as ServiceDefinition, implementation);
}
