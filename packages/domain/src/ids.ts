import { PresenceError } from "./errors.ts";

declare const kind: unique symbol;
type Id<Kind extends string> = string & { readonly [kind]: Kind };

/** A user, as the auth service names him. */
export type UserId = Id<"user">;
/** One running app of a user. */
export type DeviceId = Id<"device">;
/** A group chat, as the party service names it. */
export type PartyId = Id<"party">;

/** Longest id, in characters. */
export const maxIdLength = 128;

// Redis keys, cluster hash tags and lines of a record are built from ids: no braces, no blanks, no control characters.
const idPattern = /^[A-Za-z0-9._:@~+|/=-]{1,128}$/;

/** Whether `value` is 1–128 characters of `[A-Za-z0-9._:@~+|/=-]`. */
export function isId(value: string): boolean {
  return idPattern.test(value);
}

function parseId(value: string, field: string): string {
  if (isId(value)) return value;
  const problem =
    value === "" ? "is empty" : value.length > maxIdLength ? `has ${value.length} characters` : "has a character that is not allowed";
  throw PresenceError.invalid(field, `${problem}; an id is 1 to ${maxIdLength} characters of A-Z a-z 0-9 . _ : @ ~ + | / = -`);
}

/** @throws PresenceError `INVALID_ARGUMENT`, naming `field`. */
export function parseUserId(value: string, field = "user_id"): UserId {
  return parseId(value, field) as UserId;
}

/** @throws PresenceError `INVALID_ARGUMENT`, naming `field`. */
export function parseDeviceId(value: string, field = "device_id"): DeviceId {
  return parseId(value, field) as DeviceId;
}

/** @throws PresenceError `INVALID_ARGUMENT`, naming `field`. */
export function parsePartyId(value: string, field = "party_id"): PartyId {
  return parseId(value, field) as PartyId;
}
