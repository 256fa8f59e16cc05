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

async function secureServer(asksWhoCalls = false) {
  const pair = { private_key: Buffer.from(loopbackKey), cert_chain: Buffer.from(loopbackCertificate) };
  const credentials = ServerCredentials.createSsl(Buffer.from(loopbackCertificate), [pair], asksWhoCalls);
  const server = await startScriptedServer(() => answer, { credentials });
  opened.push(server);
  return server;
}

it("a server whose authority is known is trusted", async () => {
  const { address } = await secureServer();
  const client = createPresenceClient({ server: address, tlsCa: loopbackCertificate, retry });
  opened.push(client);
  expect(await client.getPresence("alice")).toMatchObject({ status: "ONLINE" });
});

it("a client shows its certificate where the server asks for one, and is not served without", async () => {
  const { address } = await secureServer(true);
  const own = { tlsCert: loopbackCertificate, tlsKey: loopbackKey };
  const clients = [own, {}].map((shown) => createPresenceClient({ server: address, tlsCa: loopbackCertificate, retry, ...shown }));
  opened.push(...clients);
  const answers = await Promise.allSettled(clients.map((client) => client.getPresence("alice")));
  expect(answers).toMatchObject([{ value: { status: "ONLINE" } }, { reason: { name: "PresenceClientError", code: "UNAVAILABLE" } }]);
});

it.each([
  [{ tlsCa: loopbackCertificate, tlsCert: loopbackCertificate }, /tlsCert and tlsKey go together/],
  [{ tlsCa: loopbackCertificate, tlsKey: loopbackKey }, /tlsCert and tlsKey go together/],
  [{ tlsCert: loopbackCertificate, tlsKey: loopbackKey }, /tlsCa must name the authority/],
  [{ tlsCa: loopbackCertificate, tlsCert: "no PEM", tlsKey: loopbackKey }, /must be PEM/],
  [{ tlsCa: "no PEM" }, /must be PEM/],
])("certificates that cannot be used are refused before any call (%#)", (files, message) => {
  expect(() => createPresenceClient({ server: "127.0.0.1:1", ...files })).toThrow(
    expect.objectContaining({ name: "PresenceClientError", code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
  );
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
