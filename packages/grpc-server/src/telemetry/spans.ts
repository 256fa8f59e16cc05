import { type handleUnaryCall, type Metadata, type ServerUnaryCall, type ServiceError, type sendUnaryData, status } from "@grpc/grpc-js";
import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, type TextMapGetter, type Tracer, trace } from "@opentelemetry/api";
import type { RpcInfo, WrapHandler } from "../metrics/observed-rpcs.ts";
import type { Around } from "../metrics/observed-store.ts";
import type { Tracing } from "./tracing.ts";

type UnaryCall = ServerUnaryCall<unknown, unknown>;

/** Codes by which a server says that it failed, by the conventions for rpc spans; with the others the caller did. */
const faults: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** W3C trace context travels as metadata of the call. */
const metadataGetter: TextMapGetter<Metadata> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String),
};

/**
 * Spans of unary calls and of what they ask the store. No span names a user. Streams have none: one that lasts for days would
 * be shown only when it ends; sweeps have none: four traces a second that nobody asked for.
 */
export function spans(tracer: Tracer): Pick<Tracing, "rpcs" | "store"> {
  const rpcs: WrapHandler = (rpc, handler) => {
    return rpc.unary ? tracedUnary(tracer, rpc, handler as handleUnaryCall<unknown, unknown>) : handler;
  };
  return { rpcs, store: (name) => ({ around: tracedStore(tracer, name) }) };
}

function tracedUnary(tracer: Tracer, { path, method }: RpcInfo, handler: handleUnaryCall<unknown, unknown>) {
  const name = path.slice(1);
  const attributes = { "rpc.system": "grpc", "rpc.service": name.slice(0, name.lastIndexOf("/")), "rpc.method": method };
  return (call: UnaryCall, reply: sendUnaryData<unknown>): void => {
    const caller = propagation.extract(ROOT_CONTEXT, call.metadata, metadataGetter);
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, caller);
    context.with(trace.setSpan(caller, span), () => {
      handler(call, (error, ...answer) => {
        const code = error === null ? status.OK : ((error as Partial<ServiceError>).code ?? status.UNKNOWN);
        span.setAttribute("rpc.grpc.status_code", code);
        if (faults.has(code)) span.setStatus({ code: SpanStatusCode.ERROR, message: status[code] });
        span.end();
        reply(error, ...answer);
      });
    });
  };
}

function tracedStore(tracer: Tracer, store: string): Around {
  return async (operation, run) => {
    if (trace.getActiveSpan() === undefined) return run();
    const attributes = { "db.system.name": store, "db.operation.name": operation };
    const span = tracer.startSpan(`${store} ${operation}`, { kind: SpanKind.CLIENT, attributes });
    try {
      return await context.with(trace.setSpan(context.active(), span), run);
    } catch (error) {
      // Its message may name a user.
      span.setStatus({ code: SpanStatusCode.ERROR, ...(error instanceof Error && { message: error.name }) });
      throw error;
    } finally {
      span.end();
    }
  };
}
