/** An adapter broke a rule of the contract. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Fails with `message` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Fails unless both are the same in depth, a property that is undefined counting as absent. The message names the first difference. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const difference = firstDifference(actual, expected, "");
  if (difference !== undefined) throw new AssertionError(`${what}${difference}`);
}

/** Fails unless `low <= actual <= high`. */
export function assertBetween(actual: number | undefined, low: number, high: number, what: string): void {
  if (actual === undefined || !(actual >= low && actual <= high)) {
    throw new AssertionError(`${what}: expected ${low === high ? String(low) : `${low} to ${high}`}, got ${show(actual)}`);
  }
}

/** Fails unless `promise` is rejected; resolves to the reason. */
export async function assertRejects(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError(`${what}: expected a rejection, got ${show(value)}`);
}

function firstDifference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    if (actual.length !== expected.length)
      return `${path}: expected ${expected.length} elements ${show(expected)}, got ${actual.length} ${show(actual)}`;
    return firstOf(actual.keys(), (index) => firstDifference(actual[index], expected[index], `${path}[${index}]`));
  }
  if (isPlain(actual) && isPlain(expected)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return firstOf(keys, (key) => firstDifference(actual[key], expected[key], `${path}.${key}`));
  }
  return `${path}: expected ${show(expected)}, got ${show(actual)}`;
}

function firstOf<Key>(keys: Iterable<Key>, differenceAt: (key: Key) => string | undefined): string | undefined {
  for (const key of keys) {
    const difference = differenceAt(key);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  // JSON knows neither undefined nor infinity, and a record has both.
  const text =
    JSON.stringify(value, (_, part: unknown) => (typeof part === "number" && !Number.isFinite(part) ? String(part) : part)) ??
    String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
