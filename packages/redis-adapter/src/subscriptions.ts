import type { Redis } from "ioredis";
import { slotOf } from "./cluster/key-slot.ts";

/** Most channels in one command: ioredis sends them all at once, and Redis cuts a client whose replies pile up. */
const channelsPerCommand = 1_000;

/** How a connection subscribes to channels. */
export interface Subscriptions {
  readonly event: "messageBuffer" | "smessageBuffer";
  /** Channels that one command may name. */
  groups(channels: readonly string[]): Iterable<readonly string[]>;
  subscribe(connection: Redis, channels: readonly string[]): Promise<unknown>;
  unsubscribe(connection: Redis, channels: readonly string[]): Promise<unknown>;
  /** Whether the server may take a subscription back by itself. */
  readonly revocable: boolean;
}

/** On one Redis: any channel, any number of them. */
export const plainSubscriptions: Subscriptions = {
  event: "messageBuffer",
  groups: (channels) => chunks(channels),
  subscribe: (connection, channels) => connection.subscribe(...channels),
  unsubscribe: (connection, channels) => connection.unsubscribe(...channels),
  revocable: false,
};

/** On one node of a cluster: channels whose slots it serves, those of one slot at a time. */
export const shardedSubscriptions: Subscriptions = {
  event: "smessageBuffer",
  *groups(channels) {
    const bySlot = new Map<number, string[]>();
    for (const channel of channels) {
      const slot = slotOf(channel);
      const own = bySlot.get(slot);
      if (own === undefined) bySlot.set(slot, [channel]);
      else own.push(channel);
    }
    for (const own of bySlot.values()) yield* chunks(own);
  },
  subscribe: (connection, channels) => connection.ssubscribe(...channels),
  unsubscribe: (connection, channels) => connection.sunsubscribe(...channels),
  revocable: true,
};

function* chunks(channels: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < channels.length; from += channelsPerCommand) yield channels.slice(from, from + channelsPerCommand);
}
