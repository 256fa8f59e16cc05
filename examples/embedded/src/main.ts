// Presence inside another TypeScript service: no server, no Redis, nothing to install beside the two packages.
// From a checkout: script/build, then node examples/embedded/dist/main.js

import { PresenceService, parseDeviceId, parsePartyId, parseUserId, presencePolicy } from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";

const policy = presencePolicy({ leaseTtlMs: 90_000 });
const adapter = memoryAdapter({ policy });
const presence = new PresenceService({ ...adapter, policy });

// Names come from outside: a parser rejects what is no id, with the field that is wrong.
const alice = parseUserId("alice");
const bob = parseUserId("bob");
const lobby = parsePartyId("lobby");
adapter.parties.add(lobby, alice, bob, "carol");

// Answers are right without it; a sweep tells watchers and other services what time has changed.
const sweeping = setInterval(() => void presence.sweep(), 250);

await presence.connect({ userId: alice, deviceId: parseDeviceId("phone") });
await presence.connect({ userId: bob, deviceId: parseDeviceId("desktop"), idleForMs: 10 * 60_000 });
await presence.setStatus({ userId: alice, status: "DND", expiresInMs: 3_600_000, message: "on call" });

const { members, counts } = await presence.party(lobby);
for (const { presence: shown } of members) {
  console.log(`${shown.userId} is ${shown.status}${shown.message === "" ? "" : `: ${shown.message}`}`);
}
console.log(
  Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(", "),
);

clearInterval(sweeping);
