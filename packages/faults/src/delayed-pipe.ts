import type { Socket } from "node:net";

/** How bytes pass now. */
export interface PipeRules {
  /** Nothing passes; what comes waits. */
  readonly stalled: boolean;
  readonly delayMs: number;
}

/** One direction of a connection: bytes in order, late or not at all for a while. */
export class DelayedPipe {
  readonly #to: Socket;
  readonly #rules: () => PipeRules;
  #waiting: { readonly dueAt: number; readonly bytes: Buffer }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket, rules: () => PipeRules) {
    this.#to = to;
    this.#rules = rules;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#waiting.push({ dueAt: performance.now() + this.#rules().delayMs, bytes });
    this.flush();
  }

  /** Lets pass what may; to be called when the rules have changed, too. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#rules().stalled) return;
    const now = performance.now();
    // Never past what came before, even where that was to wait longer.
    while (this.#waiting[0] !== undefined && this.#waiting[0].dueAt <= now) {
      const first = this.#waiting.shift();
      if (first !== undefined && !this.#to.destroyed) this.#to.write(first.bytes);
    }
    const next = this.#waiting[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.flush(), next.dueAt - now);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }
}
