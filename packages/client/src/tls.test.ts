import { ServerCredentials } from "@grpc/grpc-js";
import * as proto from "@presence/proto";
import { loopbackCertificate, loopbackKey } from "@presence/redis-fixture";
import { afterEach, expect, it } from "vitest";
import { createPresenceClient } from "./index.ts";
import { startScriptedServer } from "./scripted-server.fixture.ts";

const answer = { message: proto.GetPresenceResponse.fromPartial({ presence: { userId: "alice", status: proto.Status.ONLINE } }) };
const retry = { maxAttempts: 1 };

let opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

async function secureServer() {
  const pair = { private_key: Buffer.from(loopbackKey), cert_chain: Buffer.from(loopbackCertificate) };
  const server = await startScriptedServer(() => answer, { credentials: ServerCredentials.createSsl(null, [pair]) });
  opened.push(server);
  return server;
}

it("a server whose authority is known is trusted", async () => {
  const { address } = await secureServer();
  const client = createPresenceClient({ server: address, tlsCa: loopbackCertificate, retry });
  opened.push(client);
  expect(await client.getPresence("alice")).toMatchObject({ status: "ONLINE" });
});

it("a plain client of a secure server, and a secure client of a plain one, get no answer and say so", async () => {
  const { address } = await secureServer();
  const plain = await startScriptedServer(() => answer);
  const clients = [
    createPresenceClient({ server: address, retry }),
    createPresenceClient({ server: plain.address, tlsCa: loopbackCertificate, retry }),
  ];
  opened.push(plain, ...clients);
  for (const client of clients) {
    const error: unknown = await client.getPresence("alice").catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "PresenceClientError", code: "UNAVAILABLE" });
  }
});
