import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const lookEveryMs = 100;
const leastGrowth = 16 * 1024 * 1024;

/**
 * Collects garbage when memory outside V8's heap has grown. Node keeps the headers of HTTP/2 there: what is a hundred bytes of
 * garbage on the heap may hold kilobytes, and V8 collects by the size of its heap. Measured: a peer that floods a server with
 * headers of 12 kB makes it take 130 MB a second, on a heap of 70. What was taken once is given back late or never, since what
 * is allocated later lies between: it has to be noticed early.
 * @returns how to stop
 */
export function watchMemoryOutsideHeap(onCollected: (grownBytes: number) => void): () => void {
  const collect = collector();
  let floor = outside();
  const timer = setInterval(() => {
    const now = outside();
    floor = Math.min(floor, now);
    // The larger the heap the longer a collection takes, and the rarer it may be.
    if (now - floor < Math.max(leastGrowth, getHeapStatistics().used_heap_size / 2)) return;
    collect();
    onCollected(now - floor);
    // What is still there is in use.
    floor = outside();
  }, lookEveryMs).unref();
  return () => clearInterval(timer);
}

/** Bytes outside the heap that objects on it hold. */
function outside(): number {
  return process.memoryUsage().external;
}

// There is no function for it; a context that is made after the flag was set has one.
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") throw new Error("this V8 lets nobody collect garbage");
  return () => void collect();
}
