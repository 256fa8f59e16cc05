import type { Random } from "./random.ts";

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: runs what is due, in order, each after everything that the one before has set going. */
export class Scheduler {
  readonly #random: Random;
  readonly #tasks: Task[] = [];
  #now: number;

  constructor(random: Random, start: number) {
    this.#random = random;
    this.#now = start;
  }

  /** Milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Runs `run` after `ms`; among tasks of one instant the order is random, but the same for the same seed. */
  after(ms: number, run: () => void): void {
    push(this.#tasks, { at: this.#now + Math.max(0, ms), order: this.#random.next(), run });
  }

  /** Resolves after `ms` of virtual time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Runs `run` every `ms`, a little earlier or later each time, while it returns true. */
  every(ms: number, run: () => boolean): void {
    this.after(this.#random.between(Math.ceil(ms / 2), ms), () => {
      if (run()) this.every(ms, run);
    });
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let task = this.#tasks[0]; task !== undefined && task.at <= end; task = this.#tasks[0]) {
      pop(this.#tasks);
      this.#now = Math.max(this.#now, task.at);
      task.run();
      // Promises that are ready go on before time does.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
  }
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
