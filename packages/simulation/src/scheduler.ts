import type { Random } from "./random.ts";

/** Whatever passes time: the world's scheduler, or a process that may be stopped in between. */
export interface Timeline {
  /** Runs `run` after `ms`. */
  after(ms: number, run: () => void): void;
}

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: runs what is due, in order, each after everything that the one before has set going. */
export class Scheduler implements Timeline {
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  #now: number;
  #steps = 0;

  constructor(random: Random, start: number) {
    this.#random = random;
    this.#now = start;
  }

  /** Milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** How many tasks have run. */
  get steps(): number {
    return this.#steps;
  }

  /** Among tasks of one instant the order is random, but the same for the same seed. */
  after(ms: number, run: () => void): void {
    push(this.#tasks, { at: this.#now + Math.max(0, ms), order: this.#random.next(), run });
  }

  /** Lets `ms` pass, or less: until a task throws, or until `failure` finds what went wrong after one. */
  pass(ms: number, failure: () => unknown): Promise<void> {
    const end = this.#now + ms;
    return new Promise((resolve, reject) => {
      const next = () => {
        const wrong = failure();
        if (wrong !== undefined) return reject(wrong);
        const task = this.#tasks[0];
        if (task === undefined || task.at > end) {
          this.#now = end;
          return resolve();
        }
        pop(this.#tasks);
        this.#now = Math.max(this.#now, task.at);
        this.#steps++;
        try {
          task.run();
        } catch (error) {
          return reject(error);
        }
        // A tick that a microtask asks for comes after every promise that is ready, however long their chain: they go on
        // before time does. A turn of the event loop would do the same at ten times the price.
        queueMicrotask(then);
      };
      const then = () => process.nextTick(next);
      queueMicrotask(then);
    });
  }
}

/** Runs `run` every `ms`, a little earlier or later each time, while it returns true. */
export function repeat(timeline: Timeline, random: Random, ms: number, run: () => boolean): void {
  timeline.after(random.between(Math.ceil(ms / 2), ms), () => {
    if (run()) repeat(timeline, random, ms, run);
  });
}

function before(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap: the earliest task first. */
function push(heap: Task[], task: Task): void {
  let index = heap.push(task) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || before(above, task)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = task;
}

function pop(heap: Task[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    let below = heap[child];
    if (below === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, below)) {
      below = right;
      child++;
    }
    if (before(last, below)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
