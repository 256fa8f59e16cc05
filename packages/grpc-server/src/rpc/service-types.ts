import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { Act } from "@presence/domain";
import type { Identity } from "../auth/identity.ts";
import type { Decoded, MessageType } from "./decoded.ts";

/** What ts-proto generates for one rpc. */
export interface Rpc {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (message: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** What ts-proto generates for one service. */
export type Service = Readonly<Record<string, Rpc>>;

type RequestOf<Method extends Rpc> = ReturnType<Method["requestDeserialize"]>;
type ResponseOf<Method extends Rpc> = ReturnType<Method["responseDeserialize"]>;
type Unary = { readonly requestStream: false; readonly responseStream: false };

/** A handler for each unary rpc of a service: a forgotten one does not compile. */
export type UnaryHandlers<S extends Service> = {
  readonly [Name in keyof S as S[Name] extends Unary ? Name : never]: (request: RequestOf<S[Name]>) => Promise<ResponseOf<S[Name]>>;
};

type ServerStream = { readonly requestStream: false; readonly responseStream: true };

/** Opens a stream of encoded responses for a caller who may have it. */
export type ServerStreamHandler<Request> = (
  call: ServerWritableStream<Decoded<Request>, Buffer>,
  request: Request,
  identity: Identity,
) => void;

/** Opens a stream of requests and encoded responses; what each request may do is still to be asked. */
export type DuplexHandler<Request> = (call: ServerDuplexStream<Decoded<Request>, Buffer>, identity: Identity) => void;

type StreamHandler<Method extends Rpc> = Method extends ServerStream
  ? ServerStreamHandler<RequestOf<Method>>
  : DuplexHandler<RequestOf<Method>>;

/** A handler for each streaming rpc of a service. */
export type StreamHandlers<S extends Service> = {
  readonly [Name in keyof S as S[Name] extends Unary ? never : Name]: StreamHandler<S[Name]>;
};

/** The type of request of each rpc, whether unary or not. */
export type RequestTypes<S extends Service> = { readonly [Name in keyof S]: MessageType<RequestOf<S[Name]>> };

/** What a request of each rpc wants to do, for the policy to judge. */
export type Acts<S extends Service> = { readonly [Name in keyof S]: (request: RequestOf<S[Name]>) => Act };
