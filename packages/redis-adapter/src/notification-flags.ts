/** Expired, evicted and deleted keys by event, sets by key. */
const neededFlags = "KExegs";
/** Everything that the flag `A` stands for and we need. */
const flagsInA = "xegs";

/** `notify-keyspace-events` with what is missing in `current`, nothing taken away: others may need it. Undefined: nothing is missing. */
export function withNeededFlags(current: string): string | undefined {
  const missing = [...neededFlags].filter((flag) => !current.includes(flag) && !(current.includes("A") && flagsInA.includes(flag)));
  return missing.length === 0 ? undefined : current + missing.join("");
}
