const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const drawnAsEmoji = /\p{Emoji_Presentation}|\ufe0f/u;

/** Columns that printable text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The text in lines of at most `width` columns, broken at spaces where there are some. At least one line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )/)) {
    const parts = displayWidth(word.trimEnd()) > width ? [...graphemes.segment(word)].map(({ segment }) => segment) : [word];
    for (const part of parts) {
      if (line !== "" && displayWidth(line) + displayWidth(part.trimEnd()) > width) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += part;
    }
  }
  lines.push(line.trimEnd());
  return lines;
}

function graphemeWidth(grapheme: string): number {
  const codePoint = grapheme.codePointAt(0) ?? 0;
  return isWide(codePoint) || drawnAsEmoji.test(grapheme) ? 2 : 1;
}

// The blocks of East Asian Width W and F (Unicode Standard Annex 11).
function isWide(codePoint: number): boolean {
  return (
    codePoint >= 0x1100 &&
    (codePoint <= 0x115f ||
      (codePoint >= 0x2e80 && codePoint <= 0xa4cf && codePoint !== 0x303f) ||
      (codePoint >= 0xa960 && codePoint <= 0xa97c) ||
      (codePoint >= 0xac00 && codePoint <= 0xd7a3) ||
      (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
      (codePoint >= 0xfe30 && codePoint <= 0xfe6f) ||
      (codePoint >= 0xff01 && codePoint <= 0xff60) ||
      (codePoint >= 0xffe0 && codePoint <= 0xffe6) ||
      (codePoint >= 0x20000 && codePoint <= 0x3fffd))
  );
}
