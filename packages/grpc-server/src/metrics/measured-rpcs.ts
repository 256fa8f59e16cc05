import {
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import type { Metrics } from "./metrics.ts";
import type { WrapHandler } from "./observed-rpcs.ts";

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type StreamCall = ServerWritableStream<unknown, unknown>;

/** Counts and times the calls of each rpc. */
export function measuredRpcs(metrics: Metrics): WrapHandler {
  return ({ method, unary }, handler) =>
    unary
      ? measuredUnary(metrics, method, handler as handleUnaryCall<unknown, unknown>)
      : measuredStream(metrics, method, handler as (call: StreamCall) => void);
}

function measuredUnary({ rpcDuration }: Metrics, method: string, handler: handleUnaryCall<unknown, unknown>) {
  return (call: UnaryCall, reply: sendUnaryData<unknown>): void => {
    const startedAt = performance.now();
    handler(call, (error, ...answer) => {
      // Whoever gave up, or ran out of time, never saw the answer.
      const code = call.cancelled ? status.CANCELLED : codeOf(error);
      rpcDuration.observe({ method, code: nameOf(code) }, (performance.now() - startedAt) / 1_000);
      reply(error, ...answer);
    });
  };
}

function measuredStream({ openStreams, streamsEnded }: Metrics, method: string, handler: (call: StreamCall) => void) {
  openStreams.set({ method }, 0);
  return (call: StreamCall): void => {
    openStreams.inc({ method });
    let open = true;
    const end = (code: status) => {
      if (!open) return;
      open = false;
      openStreams.dec({ method });
      streamsEnded.inc({ method, code: nameOf(code) });
    };
    // The first of them tells how it ended; grpc-js emits others after it.
    call.once("error", (error: unknown) => end(codeOf(error)));
    call.once("cancelled", () => end(status.CANCELLED));
    call.once("finish", () => end(status.OK));
    call.once("close", () => end(status.CANCELLED));
    handler(call);
  };
}

function codeOf(error: unknown): status {
  if (error === null || error === undefined) return status.OK;
  const { code } = error as Partial<ServiceError>;
  return code ?? status.UNKNOWN;
}

/** One of the seventeen names: labels must not be made of what a peer or a fault says. */
function nameOf(code: status): string {
  return status[code] ?? "UNKNOWN";
}
