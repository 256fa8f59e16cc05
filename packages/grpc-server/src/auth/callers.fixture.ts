import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import { parsePartyId, presencePolicy } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { PresenceServiceClient } from "@presence/proto";
import { startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { SignJWT } from "jose";
import { type RunningServer, startServer } from "../running-server.fixture.ts";
import { secret } from "./keys.fixture.ts";

/** Every kind of caller. The party `lobby` has one member. */
export const callerKinds = ["nobody", "wrong token", "expired session", "self", "other user", "party member", "service", "admin"] as const;
export type CallerKind = (typeof callerKinds)[number];

/** A server that knows its callers, and callers of every kind. */
export interface GuardedServer {
  readonly server: RunningServer;
  /** What a caller of this kind sends. */
  metadata(kind: CallerKind): Promise<Metadata>;
  /** A client with a connection of its own. */
  client(): PresenceServiceClient;
  close(): Promise<void>;
}

export interface SessionServer extends GuardedServer {
  readonly redis: Redis;
}

/** Who the kinds are, as users. */
const users = { self: "alice", "other user": "bob", "party member": "carol", service: "gateway", admin: "root" } as const;
const rolesOf = { service: "player, service", admin: '["admin"]' } as const;

export function metadataOf(user: string | undefined, token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (user !== undefined) metadata.set("presence-user", user);
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** `PRESENCE_AUTH=session` on a Redis of its own. */
export async function sessionServer(environment: Record<string, string> = {}): Promise<SessionServer> {
  const own = await startRedis();
  const redis = new Redis(own.url);
  const server = await startServer({ PRESENCE_AUTH: "session", REDIS_URL: own.url, ...environment });
  for (const [kind, user] of Object.entries(users)) {
    const roles = kind === "service" || kind === "admin" ? rolesOf[kind] : "player";
    await redis.hset(`session:${user}`, { sessionId: `token-of-${user}`, name: user, roles });
  }
  await redis.hset("session:eve", { sessionId: "token-of-eve" });
  await redis.del("session:eve");
  await redis.sadd("party:lobby:members", "carol");
  const clients: PresenceServiceClient[] = [];
  return {
    server,
    redis,
    async metadata(kind) {
      if (kind === "nobody") return metadataOf(undefined, undefined);
      if (kind === "wrong token") return metadataOf("alice", "token-of-bob");
      if (kind === "expired session") return metadataOf("eve", "token-of-eve");
      return metadataOf(users[kind], `token-of-${users[kind]}`);
    },
    client: () => connect(server, clients),
    async close() {
      for (const client of clients) client.close();
      await server.close();
      redis.disconnect();
      await own.stop();
    },
  };
}

/** `PRESENCE_AUTH=jwt` on the memory of this process. */
export async function jwtServer(environment: Record<string, string> = {}): Promise<GuardedServer> {
  const dir = mkdtempSync(join(tmpdir(), "presence-jwt-"));
  writeFileSync(join(dir, "key"), secret);
  const memory = memoryAdapter({ policy: presencePolicy() });
  memory.parties.add(parsePartyId("lobby"), "carol");
  const jwt = { PRESENCE_AUTH: "jwt", PRESENCE_JWT_KEY: join(dir, "key"), PRESENCE_JWT_TOLERANCE: "0s" };
  const server = await startServer({ ...jwt, ...environment }, { backend: { ...memory, close: () => {} } });
  rmSync(dir, { recursive: true });
  const clients: PresenceServiceClient[] = [];
  return {
    server,
    async metadata(kind) {
      if (kind === "nobody") return metadataOf(undefined, undefined);
      if (kind === "wrong token") return metadataOf(undefined, await tokenOf("alice", 60, "player", Buffer.alloc(40)));
      if (kind === "expired session") return metadataOf(undefined, await tokenOf("alice", -60));
      return metadataOf(undefined, await tokenOf(users[kind], 60, kind === "service" || kind === "admin" ? rolesOf[kind] : "player"));
    },
    client: () => connect(server, clients),
    async close() {
      for (const client of clients) client.close();
      await server.close();
    },
  };
}

/** A token of `user` that ends `seconds` from now. */
export function tokenOf(user: string, seconds: number, roles: unknown = "player", key = secret): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return new SignJWT({ sub: user, exp, roles }).setProtectedHeader({ alg: "HS256" }).sign(key);
}

function connect(server: RunningServer, clients: PresenceServiceClient[]): PresenceServiceClient {
  const client = new PresenceServiceClient(server.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  clients.push(client);
  return client;
}
