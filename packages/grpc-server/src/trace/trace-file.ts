import { type FileHandle, open, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

export interface TraceFileOptions {
  readonly path: string;
  /** A file that reaches this becomes `path.1`, in the place of the one before, and a new one begins. */
  readonly maxBytes: number;
  readonly log: Logger;
  /** A new file has begun. */
  readonly onRotated: () => void;
  /** Most characters that wait for the disk; default 8 million. */
  readonly maxQueued?: number;
  /** How long to wait after a failed write, in milliseconds; default 1 s. */
  readonly retryMs?: number;
}

/** How long an end waits for a disk that does not take the last lines. */
const closeMs = 1_000;

/** Lines on their way to a file that only its owner may read. A slow or broken disk delays nobody: what finds no room is refused. */
export class TraceFile {
  readonly #options: Required<TraceFileOptions>;
  #queue: string[] = [];
  #queued = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #failing = false;
  #closing = false;
  #writing: Promise<void> | undefined;

  constructor(options: TraceFileOptions) {
    this.#options = { maxQueued: 8_000_000, retryMs: 1_000, ...options };
  }

  /** Takes a line, or refuses it: too many wait already. */
  write(line: string): boolean {
    if (this.#queued + line.length > this.#options.maxQueued) return false;
    this.#queue.push(line);
    this.#queued += line.length;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return true;
  }

  /** Writes what waits, unless the disk takes too long. */
  async close(): Promise<void> {
    this.#closing = true;
    const timeout = new AbortController();
    await Promise.race([this.#writing, sleep(closeMs, undefined, { signal: timeout.signal, ref: false }).catch(() => undefined)]);
    timeout.abort();
    if (this.#queue.length > 0) this.#options.log.warn({ lines: this.#queue.length }, "the end of the trace could not be written");
    await this.#file?.close();
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    // What is said in one turn of the event loop goes in one write.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) {
      let lines = this.#queue;
      this.#queue = [];
      try {
        await this.#append(`${lines.join("\n")}\n`);
        for (const { length } of lines) this.#queued -= length;
        lines = [];
        this.#failing = false;
        if (this.#size >= this.#options.maxBytes) await this.#rotate();
      } catch (error) {
        // A part of them may have been written: who reads them knows a line that he has seen.
        this.#queue = [...lines, ...this.#queue];
        this.#complain(error);
        await this.#abandon();
        if (this.#closing) return;
        await sleep(this.#options.retryMs, undefined, { ref: false });
      }
    }
  }

  async #append(text: string): Promise<void> {
    this.#file ??= await this.#open();
    await this.#file.appendFile(text);
    this.#size += Buffer.byteLength(text);
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, "a", 0o600);
    // It names users and their devices; one that was there may have been open to others.
    await file.chmod(0o600);
    this.#size = (await file.stat()).size;
    // The last line may have been cut off by a crash.
    if (this.#size > 0) await file.appendFile("\n");
    return file;
  }

  async #rotate(): Promise<void> {
    const { path, onRotated } = this.#options;
    await this.#file?.close();
    this.#file = undefined;
    this.#size = 0;
    await rename(path, `${path}.1`);
    onRotated();
  }

  async #abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch((error: unknown) => this.#complain(error));
  }

  #complain(error: unknown): void {
    const { log, path } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    log[this.#failing ? "debug" : "warn"]({ reason, path }, "the trace cannot be written; what does not fit into memory is dropped");
    this.#failing = true;
  }
}
