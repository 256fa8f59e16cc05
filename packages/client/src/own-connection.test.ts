import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { type GetPresenceRequest, GetPresenceResponse, PresenceServiceService } from "@presence/proto";
import { expect, test } from "vitest";
import { createPresenceClient } from "./presence-client.ts";

test("each client has a connection of its own, also to one server", async () => {
  const peers = new Set<string>();
  const server = new Server();
  const { getPresence } = PresenceServiceService;
  server.addService({ getPresence } as never, {
    getPresence: (call: ServerUnaryCall<GetPresenceRequest, GetPresenceResponse>, answer: sendUnaryData<GetPresenceResponse>) => {
      peers.add(call.getPeer());
      answer(null, GetPresenceResponse.fromPartial({ presence: { userId: "alice", status: 1 } }));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const clients = [1, 2, 3].map(() => createPresenceClient({ server: `127.0.0.1:${port}` }));
  try {
    for (const client of clients) for (let call = 0; call < 2; call++) await client.getPresence("alice");
    expect(peers.size).toBe(3);
  } finally {
    for (const client of clients) client.close();
    server.forceShutdown();
  }
});
