import { constants, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Server } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { TokenBuckets } from "./limits/token-buckets.ts";

/**
 * Frames that ask for an answer and carry no call: pings and settings. An app pings each few seconds; libraries that measure
 * the bandwidth do so with each burst of data.
 */
const controlPerSecond = 50;
const controlAtOnce = 500;
const warnEveryMs = 60_000;

/** Refuses larger headers of a call while they come in; before anything is bound. */
export function limitHeaders(server: Server, bytes: number): void {
  const common: unknown = Reflect.get(server, "commonServerOptions");
  if (typeof common !== "object" || common === null) throw unexpected("options");
  const { settings } = common as { readonly settings?: object };
  Reflect.set(common, "settings", { ...settings, maxHeaderListSize: bytes });
}

/** Protects the listening sockets of `server`, which must be bound: what grpc-js leaves to HTTP/2, and HTTP/2 to us. */
export function guardConnections(server: Server, maxConnections: number, log: Logger): void {
  let warnedAt = Number.NEGATIVE_INFINITY;
  for (const http2Server of http2ServersOf(server)) {
    http2Server.maxConnections = maxConnections;
    http2Server.on("drop", () => {
      if (performance.now() - warnedAt < warnEveryMs) return;
      warnedAt = performance.now();
      log.warn({ maxConnections }, "connections are refused: as many as PRESENCE_MAX_CONNECTIONS allows are open");
    });
    http2Server.on("secureConnection", refuseWrongCertificate);
    http2Server.on("session", (session: ServerHttp2Session) => limitControlFrames(session, log));
  }
}

// A client needs no certificate where others present tokens; but one that it does present must be good.
function refuseWrongCertificate(socket: TLSSocket): void {
  if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy();
}

function limitControlFrames(session: ServerHttp2Session, log: Logger): void {
  const frames = new TokenBuckets(controlPerSecond, controlAtOnce);
  const count = () => {
    if (session.destroyed || frames.take("", performance.now()) === 0) return;
    log.debug("a connection was closed: too many pings or settings");
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
    session.destroy();
  };
  session.on("ping", count);
  session.on("remoteSettings", count);
}

// grpc-js has no public way to its listeners.
function http2ServersOf(server: Server): Http2Server[] {
  const servers: unknown = Reflect.get(server, "http2Servers");
  if (!(servers instanceof Map) || servers.size === 0) throw unexpected("listeners");
  return [...servers.keys()];
}

function unexpected(what: string): Error {
  return new Error(`grpc-js keeps its ${what} elsewhere than this version of presence expects`);
}
