// Longest first: what is an emoji stays whole, joiners and all. Built from strings because the target's literals know no flag `v`.
const emoji = "\\p{RGI_Emoji}";
// Controls (terminal codes), formats (bidi, zero width), lone surrogates, line separators, and letters that draw nothing.
const unseen = "[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]";
// Marks heaped on one letter reach into the lines above and below; no script needs more than four.
const heapedMark = "(?<=\\p{M}{4})\\p{M}";
const remarkable = new RegExp(`(${emoji})|${unseen}|${heapedMark}`, "gv");

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Text from outside, fit for a terminal and for one field of a line: whatever would act on the terminal, reorder, hide or pretend is
 * shown as `\n`, `\t`, `\r` or `\u{202e}`. Backslashes stay as they are; who needs the exact text asks for JSON.
 */
export function printable(text: string): string {
  return text.replace(remarkable, (found, whole: string | undefined) => whole ?? short[found] ?? codePointEscape(found));
}

/** One line of JSON that is safe to print as well, and still parses to exactly `value`. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(remarkable, (found, whole: string | undefined) => whole ?? unitEscapes(found));
}

function codePointEscape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function unitEscapes(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
