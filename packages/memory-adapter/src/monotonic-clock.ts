/**
 * The wall clock in whole milliseconds, except that it never runs backwards: set back, it goes on at the pace of real time.
 * Set forward, or after a sleep of the machine, it jumps; a store takes that for a pause in which nobody watched.
 */
export function monotonicClock(wall: () => number = Date.now, elapsed: () => number = () => performance.now()): () => number {
  let time = wall();
  let measuredAt = elapsed();
  return () => {
    const measured = elapsed();
    time = Math.max(wall(), time + Math.max(0, measured - measuredAt));
    measuredAt = measured;
    return Math.floor(time);
  };
}
