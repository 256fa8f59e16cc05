import type { Status } from "@presence/client";
import { Failure } from "./failure.ts";
import { closest } from "./hint.ts";
import type { Colors } from "./look.ts";

const words = ["online", "away", "dnd", "offline"] as const satisfies readonly Lowercase<Status>[];

const paints = { ONLINE: "green", AWAY: "yellow", DND: "red", OFFLINE: "dim" } as const satisfies Record<Status, keyof Colors>;

/**
 * A status as people type it, in any case.
 * @throws Failure with the word that was probably meant
 */
export function parseStatus(word: string): Status {
  const found = words.find((known) => known === word.toLowerCase());
  if (found !== undefined) return found.toUpperCase() as Uppercase<typeof found>;
  const meant = closest(word, words);
  throw Failure.usage(
    `unknown status '${word}'`,
    meant === undefined ? `a status is ${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : `did you mean ${meant}?`,
  );
}

/** Several of them, separated by commas; the same one twice counts once. */
export function parseStatuses(list: string): readonly Status[] {
  return [...new Set(list.split(",").map((word) => parseStatus(word.trim())))];
}

/** The status in its colour. */
export function paintStatus(status: Status, colors: Colors, text: string = status): string {
  return colors[paints[status]](text);
}
