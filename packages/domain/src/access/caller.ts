import type { UserId } from "../ids.ts";

/**
 * What a caller may do beyond his own affairs.
 *
 * - `service`: acts for any user, as a gateway or a game server does.
 * - `admin`: the same, and the operators' service.
 */
export const roles = ["service", "admin"] as const;
export type Role = (typeof roles)[number];

/** Who calls, as far as it was proven. */
export interface Caller {
  /** Undefined: a program that is nobody's app. */
  readonly userId: UserId | undefined;
  readonly roles: ReadonlySet<Role>;
}

/** Everyone, where callers are not told apart. */
export const anyone: Caller = { userId: undefined, roles: new Set(roles) };

/**
 * The roles in what an auth service wrote: words split at commas and blanks, or a JSON array of words. Exact words only:
 * `administrator` and `ADMIN` are no `admin`, and other words are other services' business.
 */
export function parseRoles(written: unknown): ReadonlySet<Role> {
  const words = new Set(wordsOf(written));
  return new Set(roles.filter((role) => words.has(role)));
}

function wordsOf(written: unknown): readonly unknown[] {
  if (Array.isArray(written)) return written;
  if (typeof written !== "string") return [];
  return jsonArray(written) ?? written.split(/[,\s]+/);
}

function jsonArray(text: string): readonly unknown[] | undefined {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    // Half an array gives nobody a role.
    return [];
  }
}
