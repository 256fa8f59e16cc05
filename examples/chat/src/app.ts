// The app of one user, in a process of its own: node app.js <host:port> <user>. Who starts it tells it by messages what its user does.

import { createPresenceClient } from "@presence/client";
import type { UserAction } from "./user-action.ts";

const [server = "", userId = ""] = process.argv.slice(2);
const device = { userId, deviceId: "phone" };

const client = createPresenceClient({ server });
const attached = client.attach();

// An app knows when its user touched it last. It says so once in a while; what follows from it, the service decides.
let touchedAt = performance.now();
let inUse = true;
const reporting = setInterval(() => {
  if (inUse) touchedAt = performance.now();
  // While the connection is away this fails, and is told by itself when it is back.
  attached.activity({ ...device, idleForMs: performance.now() - touchedAt }).catch(() => undefined);
}, 500);

process.on("message", (action: UserAction) => {
  act(action).catch((error: unknown) => {
    console.error(`the app of ${userId}:`, error);
    process.exitCode = 1;
    leave();
  });
});
// Whoever started it is gone.
process.on("disconnect", leave);

await attached.connect({ ...device, idleForMs: 0 });
process.send?.("connected");

for await (const update of attached.updates()) {
  // Logged out elsewhere: a real app would show its login page.
  if (update.kind === "device-lost") leave();
}

async function act(action: UserAction): Promise<void> {
  switch (action.does) {
    case "do-not-disturb":
      await attached.setStatus({ userId, status: "DND", expiresInMs: action.forMs, message: action.message });
      return;
    case "look-away":
      inUse = false;
      return;
    case "come-back":
      inUse = true;
      return;
    case "quit":
      await attached.close({ disconnect: true });
      leave();
  }
}

function leave(): void {
  clearInterval(reporting);
  client.close();
  if (process.connected) process.disconnect();
}
