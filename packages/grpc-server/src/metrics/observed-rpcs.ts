import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";

/** What is known of an rpc before it is called. */
export interface RpcInfo {
  /** `/presence.v1.PresenceService/GetPresence` */
  readonly path: string;
  /** `GetPresence` */
  readonly method: string;
  readonly unary: boolean;
}

/** The same handler, with somebody who looks on. */
export type WrapHandler = (rpc: RpcInfo, handler: UntypedHandleCall) => UntypedHandleCall;

/** A server to which services are added with each handler wrapped, by the last of `wraps` outermost. */
export function observedRpcs(server: Pick<Server, "addService">, wraps: readonly WrapHandler[]): Pick<Server, "addService"> {
  return {
    addService(service: ServiceDefinition, implementation: UntypedServiceImplementation) {
      const wrapped: UntypedServiceImplementation = {};
      for (const [name, handler] of Object.entries(implementation)) {
        const rpc = service[name];
        if (rpc === undefined) throw new Error(`${name} is no rpc of this service`);
        const { path, requestStream, responseStream } = rpc;
        const info = { path, method: path.slice(path.lastIndexOf("/") + 1), unary: !requestStream && !responseStream };
        wrapped[name] = wraps.reduce((inner, wrap) => wrap(info, inner), handler as UntypedHandleCall);
      }
      server.addService(service, wrapped);
    },
  };
}
