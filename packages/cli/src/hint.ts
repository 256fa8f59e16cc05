/**
 * The candidate that `word` was most likely meant to be, in the candidate's own spelling; undefined where none is close.
 * Case does not count; a beginning of at least two letters is close, and so is a third of the letters typed wrongly, missed, added or swapped.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  // Nobody mistypes a page of text, and the distance costs the product of both lengths.
  if (word.length > 40) return undefined;
  const typed = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const meant = candidate.toLowerCase();
    const prefix = typed.length >= 2 && meant.startsWith(typed);
    const distance = prefix ? 0.5 : editDistance(typed, meant);
    const allowed = Math.max(1, Math.ceil(Math.max(typed.length, meant.length) / 3));
    if (distance < bestDistance && distance <= allowed && distance < meant.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Edits between two words, a swap of neighbours counting once (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const substitution = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, substitution, swap));
    }
  }
  return at(a.length, b.length);
}
