import { PresenceAdminServiceService, PresenceServiceService } from "@presence/proto";
import type { Random } from "./random.ts";

/** Every rpc of the contract. */
export const rpcs = [...Object.values(PresenceServiceService), ...Object.values(PresenceAdminServiceService)] as readonly {
  readonly path: string;
  readonly requestSerialize: (message: never) => Buffer;
}[];

/** Few users, so that what is fuzzed is not how much memory they take. */
const users = 50;
const oddTexts = [
  "",
  " ",
  "a b",
  "\u0000",
  "{x}",
  "%s",
  "é",
  "🙂",
  "\ud800",
  "a".repeat(128),
  "a".repeat(129),
  "x".repeat(5_000),
  "../..",
  "user-1\r\nSET x",
  "__proto__",
];

/** A request of this rpc that a client could send. */
export function sample(path: string, random: Random): Buffer {
  const rpc = rpcs.find((one) => one.path === path);
  if (rpc === undefined) throw new Error(`no rpc ${path}`);
  return rpc.requestSerialize(requestOf(path, random) as never);
}

/** Bytes for this rpc: a request, a damaged request, or noise. */
export function bytesFor(path: string, random: Random): Buffer {
  const kind = random.below(10);
  if (kind === 0) return random.bytes(random.below(300));
  if (kind === 1) return noiseOfFields(random);
  const bytes = sample(path, random);
  if (kind <= 4) return bytes;
  let damaged: Buffer = bytes;
  for (let times = 1 + random.below(4); times > 0; times--) damaged = damage(damaged, random);
  return damaged;
}

function requestOf(path: string, random: Random): object {
  const device = () => ({ userId: user(random), deviceId: odd(random, `device-${random.below(5)}`), idleFor: duration(random) });
  const choice = () => ({
    userId: user(random),
    status: random.below(7) - 1,
    reason: random.below(4),
    expiresIn: duration(random),
    message: odd(random, "busy"),
    deviceId: random.chance(0.5) ? "" : odd(random, "device-1"),
    ensureOnline: random.chance(0.5),
  });
  const many = (most: number) => Array.from({ length: random.chance(0.05) ? most : random.below(5) }, () => user(random));
  switch (path.split("/").at(-1)) {
    case "Connect":
    case "Heartbeat":
    case "Disconnect":
      return device();
    case "BatchHeartbeat":
      return { heartbeats: Array.from({ length: random.chance(0.05) ? 1_001 : random.below(20) }, device) };
    case "SetStatus":
    case "OverrideStatus":
      return choice();
    case "BatchGetPresence":
    case "WatchPresence":
      return { userIds: many(6_000) };
    case "GetPartyPresence":
    case "WatchParty":
      return { partyId: odd(random, `party-${random.below(5)}`) };
    case "ListUsers":
      return { pageSize: random.next() | 0, pageToken: odd(random, ""), statuses: [random.below(9)] };
    case "Attach":
      return { requestId: BigInt(random.next()), request: attached(random, device, choice, many) };
    default:
      return { userId: user(random) };
  }
}

function attached(random: Random, device: () => object, choice: () => object, many: (most: number) => string[]): object | undefined {
  const target = () => ({ userIds: many(1_000), partyIds: [odd(random, "party-1")] });
  const requests = { connect: device, activity: device, setStatus: choice, disconnect: device, watch: target, unwatch: target };
  const $case = random.pick(["none", ...Object.keys(requests)]);
  return $case === "none" ? undefined : { $case, value: requests[$case as keyof typeof requests]() };
}

function user(random: Random): string {
  return odd(random, `user-${random.below(users)}`);
}

function odd(random: Random, usual: string): string {
  return random.chance(0.1) ? random.pick(oddTexts) : usual;
}

function duration(random: Random): object | undefined {
  if (random.chance(0.5)) return undefined;
  const extreme = random.pick([0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 315_576_000_001n]);
  return { seconds: random.chance(0.2) ? extreme : BigInt(random.below(100)), nanos: random.chance(0.1) ? random.next() | 0 : 0 };
}

function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(7)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, random.bytes(1 + random.below(20)), after]);
    case 2: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[at % changed.length] = random.next() >>> 24;
      return changed;
    }
    case 3:
      return Buffer.concat([bytes, bytes]);
    case 4:
      return Buffer.concat([before, after.subarray(random.below(after.length + 1))]);
    case 5:
      // A varint that never ends, and a length beyond all memory.
      return Buffer.concat([before, Buffer.from("ffffffffffffffffffffff", "hex"), after]);
    default:
      return Buffer.concat([before, Buffer.from("0affffffff0f", "hex"), after]);
  }
}

/** Fields with right tags and wrong contents, groups, and messages in messages in messages. */
function noiseOfFields(random: Random): Buffer {
  let bytes = Buffer.alloc(0);
  for (let fields = random.below(200); fields > 0; fields--) {
    const tag = ((1 + random.below(9)) << 3) | random.below(8);
    bytes = random.chance(0.3)
      ? Buffer.concat([Buffer.of(((1 + random.below(7)) << 3) | 2), lengthOf(bytes.length), bytes])
      : Buffer.concat([bytes, Buffer.of(tag), random.bytes(random.below(9))]);
  }
  return bytes;
}

function lengthOf(length: number): Buffer {
  return length < 128 ? Buffer.of(length) : Buffer.of((length & 127) | 128, (length >>> 7) & 127);
}
