import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { jwtServer } from "./auth/callers.fixture.ts";
import { startServer } from "./running-server.fixture.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** What the reflection service of `version` says of all services: text among bytes, or the code of its refusal. */
function services(address: string, version: string): Promise<string | status> {
  const client = new Client(address, credentials.createInsecure());
  opened.push(client);
  const same = (bytes: Buffer) => bytes;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const stream = client.makeBidiStreamRequest(path, same, same, { deadline: Date.now() + 5_000 } as never);
  return new Promise((resolve) => {
    stream.once("data", (answer: Buffer) => {
      resolve(answer.toString("latin1"));
      stream.cancel();
    });
    stream.on("error", (error: ServiceError) => resolve(error.code));
    // list_services: field 7, a text.
    stream.write(Buffer.from([0x3a, 0x01, 0x2a]));
  });
}

test("the contract can be asked for where callers are not told apart", async () => {
  const server = await startServer();
  opened.push(server);
  for (const version of ["v1", "v1alpha"]) {
    const told = await services(server.address, version);
    for (const name of ["presence.v1.PresenceService", "presence.v1.PresenceAdminService"]) expect(told).toContain(name);
  }
});

test("it cannot where they are, unless that is wanted; or where it is not wanted", async () => {
  const [guarded, wanted, unwanted] = [
    await jwtServer(),
    await jwtServer({ PRESENCE_REFLECTION: "true" }),
    await startServer({ PRESENCE_REFLECTION: "false" }),
  ];
  opened.push(guarded, wanted, unwanted);
  expect(await services(guarded.server.address, "v1")).toBe(status.UNIMPLEMENTED);
  expect(await services(wanted.server.address, "v1")).toContain("presence.v1.PresenceService");
  expect(await services(unwanted.address, "v1")).toBe(status.UNIMPLEMENTED);
});
