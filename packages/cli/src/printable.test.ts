import { describe, expect, it } from "vitest";
import { printable, printableJson } from "./printable.ts";

const hostile: readonly (readonly [name: string, text: string, shown: string])[] = [
  ["a colour", "\u001b[31mred", "\\u{1b}[31mred"],
  ["a clear screen", "\u001b[2J\u001b[H", "\\u{1b}[2J\\u{1b}[H"],
  ["a window title", "\u001b]0;owned\u0007", "\\u{1b}]0;owned\\u{7}"],
  ["an eight-bit control sequence", "\u009b31m", "\\u{9b}31m"],
  ["a new line", "a\nb\r\nc", "a\\nb\\r\\nc"],
  ["a tab, which would be a new field", "a\tb", "a\\tb"],
  ["a backspace and a delete", "a\b\u007f", "a\\u{8}\\u{7f}"],
  ["a zero byte", "a\0b", "a\\u{0}b"],
  ["a bidi override", "ab\u202ecd\u202c", "ab\\u{202e}cd\\u{202c}"],
  ["a bidi isolate", "\u2066x\u2069", "\\u{2066}x\\u{2069}"],
  ["a direction mark", "a\u200e\u200f\u061c", "a\\u{200e}\\u{200f}\\u{61c}"],
  ["a zero-width space", "ad\u200bmin", "ad\\u{200b}min"],
  ["a joiner between letters", "a\u200db\u200cc", "a\\u{200d}b\\u{200c}c"],
  ["a byte order mark", "\ufeffa", "\\u{feff}a"],
  ["a soft hyphen", "ad\u00admin", "ad\\u{ad}min"],
  ["a Hangul filler", "\u3164", "\\u{3164}"],
  ["a variation selector on a letter", "a\ufe0f", "a\\u{fe0f}"],
  ["tag characters", "a\u{e0061}\u{e007f}", "a\\u{e0061}\\u{e007f}"],
  ["a line separator", "a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
  ["a lone surrogate", "a\ud800b\udc00", "a\\u{d800}b\\u{dc00}"],
  ["an interlinear annotation", "\ufff9a\ufffb", "\\u{fff9}a\\u{fffb}"],
  ["marks heaped on a letter", `e${"\u0301".repeat(6)}`, `e${"\u0301".repeat(4)}\\u{301}\\u{301}`],
];

describe("printable shows what would not be seen:", () => {
  it.each(hostile)("%s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("and can be applied again without harm", () => {
    for (const [, text, shown] of hostile) expect(printable(printable(text))).toBe(shown);
  });
});

it.each(["", "on call", "¯\\_(ツ)_/¯", "im Gespräch", "会議中", "في اجتماع", "ประชุม", "👩‍💻 coding", "❤️", "🇪🇺", "👍🏽", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a\u00a0b"])(
  "printable leaves %j as it is",
  (text) => {
    expect(printable(text)).toBe(text);
  },
);

it("JSON lines hold none of it either, and parse to exactly what was said", () => {
  for (const [, text] of hostile) {
    const line = printableJson({ message: text });
    expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
    expect(JSON.parse(line)).toEqual({ message: text });
  }
});
