import type { ServerHttp2Stream } from "node:http2";

/** The HTTP/2 stream of a call of grpc-js, which has no public way to it; undefined where there is none. */
export function http2StreamOf(call: object): Pick<ServerHttp2Stream, "close" | "session"> | undefined {
  let inner: unknown = Reflect.get(call, "call");
  // Interceptors wrap the call.
  while (isObject(inner) && "nextCall" in inner) inner = inner.nextCall;
  const stream: unknown = isObject(inner) ? Reflect.get(inner, "stream") : undefined;
  return isObject(stream) && "close" in stream && typeof stream.close === "function" ? (stream as ServerHttp2Stream) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
