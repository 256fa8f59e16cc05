import { type Presence, Status } from "@presence/proto";
import type { StatusName, Told } from "./records.ts";

const names: Readonly<Record<number, StatusName>> = {
  [Status.ONLINE]: "ONLINE",
  [Status.AWAY]: "AWAY",
  [Status.DND]: "DND",
  [Status.OFFLINE]: "OFFLINE",
};

/** What a presence on the wire says. */
export function toldBy({ userId, status, version, since }: Presence): Told {
  const name = names[status];
  if (name === undefined) throw new Error(`${userId} has the status number ${status}`);
  return { user: userId, status: name, version, since: since?.getTime() };
}
