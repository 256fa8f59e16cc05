import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type IncomingHttpHeaders, type SecureClientSessionOptions } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { PresenceAdminServiceService, PresenceServiceService } from "@presence/proto";
import { certificates } from "@presence/redis-fixture";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../config.ts";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { metadataOf, tokenOf } from "./callers.fixture.ts";
import { secret } from "./keys.fixture.ts";
import { alternativeNames } from "./service-certificate.ts";

const {
  appCertificate,
  authority,
  clientKey,
  expiredCertificate,
  expiredServerCertificate,
  gatewayCertificate,
  serverCertificate,
  serverKey,
  strangerCertificate,
} = certificates;

let dir: string;
let files: Record<string, string>;
const opened: { close(): unknown }[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "presence-tls-"));
  const contents = { authority, serverCertificate, serverKey, expiredServerCertificate, clientKey, secret };
  files = Object.fromEntries(
    Object.entries(contents).map(([name, content]) => {
      writeFileSync(join(dir, name), content);
      return [name, join(dir, name)];
    }),
  );
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const file = (name: string) => files[name] ?? "";
const tls = () => ({ PRESENCE_TLS_CERT: file("serverCertificate"), PRESENCE_TLS_KEY: file("serverKey") });
const mtls = () => ({ ...tls(), PRESENCE_TLS_CLIENT_CA: file("authority"), PRESENCE_TLS_SERVICE_SANS: "other.internal, Gateway.internal" });
const jwt = () => ({ PRESENCE_AUTH: "jwt", PRESENCE_JWT_KEY: file("secret") });

async function start(environment: Record<string, string>): Promise<RunningServer> {
  const server = await startServer(environment);
  opened.push(server);
  return server;
}

/** The code that a write for alice ends with, over a connection of its own. */
function connectCode(
  server: RunningServer,
  channel: ReturnType<typeof credentials.createSsl>,
  metadata = new Metadata(),
  admin = false,
): Promise<status> {
  const client = new Client(server.address, channel, { "grpc.use_local_subchannel_pool": 1 });
  opened.push(client);
  const rpc = admin ? PresenceAdminServiceService.getStats : PresenceServiceService.connect;
  const serialize = rpc.requestSerialize as (value: object) => Buffer;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      rpc.path,
      serialize,
      rpc.responseDeserialize as (bytes: Buffer) => unknown,
      admin ? {} : { userId: "alice", deviceId: "phone", idleFor: undefined },
      metadata,
      { deadline: Date.now() + 5_000 },
      (error: ServiceError | null) => resolve(error?.code ?? status.OK),
    );
  });
}

const showing = (certificate?: string) =>
  certificate === undefined
    ? credentials.createSsl(Buffer.from(authority))
    : credentials.createSsl(Buffer.from(authority), Buffer.from(clientKey), Buffer.from(certificate));

describe("TLS", () => {
  test("a client that believes the server's authority is served, others are not", async () => {
    const server = await start(tls());
    expect(await connectCode(server, showing())).toBe(status.OK);
    expect(await connectCode(server, credentials.createSsl(Buffer.from(strangerCertificate)))).toBe(status.UNAVAILABLE);
    expect(await connectCode(server, credentials.createInsecure())).toBe(status.UNAVAILABLE);
  });

  test("a server whose certificate has expired is not believed", async () => {
    const server = await start({ ...tls(), PRESENCE_TLS_CERT: file("expiredServerCertificate") });
    expect(await connectCode(server, showing())).toBe(status.UNAVAILABLE);
  });
});

/** The gRPC status, or the error, that a client which knows nothing of gRPC but its bytes gets: HTTP/2 and TLS of Node. */
function foreignStatus(server: RunningServer, options: SecureClientSessionOptions): Promise<string> {
  const session = connect(`https://${server.address}`, options);
  opened.push(session);
  return new Promise((resolve) => {
    session.once("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    session.once("close", () => resolve("closed"));
    const stream = session.request({
      ":method": "POST",
      ":path": "/presence.v1.PresenceService/Connect",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const status = (headers: IncomingHttpHeaders) => {
      if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
    };
    stream
      .on("response", status)
      .on("trailers", status)
      .on("error", () => {});
    stream.resume();
    // Message of 14 bytes: user_id "alice", device_id "phone".
    stream.end(Buffer.concat([Buffer.of(0, 0, 0, 0, 14, 0x0a, 5), Buffer.from("alice"), Buffer.of(0x12, 5), Buffer.from("phone")]));
  });
}

test("a client that is not grpc-js is served over TLS with its certificate, and not without a good one", async () => {
  const server = await start(mtls());
  const key = clientKey;
  expect(await foreignStatus(server, { ca: authority, cert: gatewayCertificate, key })).toBe("0");
  for (const cert of [expiredCertificate, strangerCertificate])
    expect(await foreignStatus(server, { ca: authority, cert, key })).not.toBe("0");
});

describe("client certificates", () => {
  test("without other proof every client needs a good one, and may then do everything", async () => {
    const server = await start(mtls());
    expect(await connectCode(server, showing(gatewayCertificate))).toBe(status.OK);
    expect(await connectCode(server, showing(appCertificate), new Metadata(), true)).toBe(status.OK);
    expect(await connectCode(server, showing())).toBe(status.UNAVAILABLE);
    expect(await connectCode(server, showing(expiredCertificate))).toBe(status.UNAVAILABLE);
    expect(await connectCode(server, showing(strangerCertificate))).toBe(status.UNAVAILABLE);
  });

  test("a service is known by a name in it, and is no admin", async () => {
    const server = await start({ ...mtls(), ...jwt() });
    expect(await connectCode(server, showing(gatewayCertificate))).toBe(status.OK);
    expect(await connectCode(server, showing(gatewayCertificate), new Metadata(), true)).toBe(status.PERMISSION_DENIED);
    expect(await connectCode(server, showing(appCertificate))).toBe(status.UNAUTHENTICATED);
  });

  test("a wrong one is refused even beside a good token, and none is needed beside it", async () => {
    const server = await start({ ...mtls(), ...jwt() });
    const alice = metadataOf("alice", await tokenOf("alice", 60));
    expect(await connectCode(server, showing(), alice)).toBe(status.OK);
    expect(await connectCode(server, showing(appCertificate), alice)).toBe(status.OK);
    expect(await connectCode(server, showing(expiredCertificate), alice)).toBe(status.UNAVAILABLE);
    expect(await connectCode(server, showing(strangerCertificate), alice)).toBe(status.UNAVAILABLE);
    expect(await connectCode(server, showing())).toBe(status.UNAUTHENTICATED);
  });

  test("a service that passes on a user's token acts as that user", async () => {
    const server = await start({ ...mtls(), ...jwt() });
    expect(await connectCode(server, showing(gatewayCertificate), metadataOf(undefined, await tokenOf("bob", 60)))).toBe(
      status.PERMISSION_DENIED,
    );
    expect(await connectCode(server, showing(gatewayCertificate), metadataOf(undefined, "no token"))).toBe(status.UNAUTHENTICATED);
  });

  test("URIs are names too, and are exact", async () => {
    const uri = (name: string) => ({ ...mtls(), ...jwt(), PRESENCE_TLS_SERVICE_SANS: name });
    expect(await connectCode(await start(uri("spiffe://test/chat")), showing(gatewayCertificate))).toBe(status.OK);
    for (const name of ["spiffe://test/Chat", "spiffe://test", "*.internal", "internal"]) {
      expect(await connectCode(await start(uri(name)), showing(gatewayCertificate))).toBe(status.UNAUTHENTICATED);
    }
  });

  test.each([
    ["DNS:a, DNS:b.c, URI:spiffe://x/y", ["a", "b.c", "spiffe://x/y"]],
    ['DNS:"a, DNS:gateway", DNS:b', ["a, DNS:gateway", "b"]],
    ['DNS:"a\\u0000b", IP Address:127.0.0.1, email:gateway', ["a\0b"]],
    ["othername:<unsupported>, DNS:a", ["a"]],
    ["", []],
  ])("%s has the names %j", (list, names) => {
    expect(alternativeNames(list)).toEqual(names);
  });
});

describe("settings of TLS", () => {
  const problems = (environment: Record<string, string>): readonly string[] => {
    try {
      readConfig(environment);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  };

  test("that do not fit together stop the start", () => {
    expect(problems({ PRESENCE_TLS_CERT: file("serverCertificate") })[0]).toContain("PRESENCE_TLS_KEY is not");
    expect(problems({ PRESENCE_TLS_KEY: file("serverKey") })[0]).toContain("PRESENCE_TLS_CERT is not");
    expect(problems({ ...tls(), PRESENCE_TLS_KEY: file("clientKey") })[0]).toContain("does not hold the key of the certificate");
    expect(problems({ ...tls(), PRESENCE_TLS_KEY: file("serverCertificate") })[0]).toContain("it holds no private key");
    expect(problems({ ...tls(), PRESENCE_TLS_CERT: file("serverKey") })[0]).toContain("it holds no certificate");
    expect(problems({ PRESENCE_TLS_CLIENT_CA: file("authority") })[0]).toContain("PRESENCE_TLS_CERT is not");
    expect(problems({ ...tls(), PRESENCE_TLS_SERVICE_SANS: "a" })[0]).toContain("PRESENCE_TLS_CLIENT_CA is not");
    expect(problems({ ...mtls(), ...jwt() })).toEqual([]);
  });

  test("and of tokens neither", () => {
    expect(problems({ PRESENCE_AUTH: "session" })[0]).toContain("REDIS_URL is not set");
    expect(problems({ PRESENCE_AUTH: "jwt" })[0]).toContain("not none");
    expect(problems({ PRESENCE_JWT_KEY: file("secret") })[0]).toContain('PRESENCE_AUTH is "none"');
    expect(problems({ ...jwt(), PRESENCE_JWT_KEY: file("serverKey") })[0]).toContain("it holds a private key");
    expect(problems({ PRESENCE_HOST: "0.0.0.0", ...jwt() })).toEqual([]);
  });
});
