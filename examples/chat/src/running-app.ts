import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { UserAction } from "./user-action.ts";

/** The app of one user, seen from outside. */
export class RunningApp {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
  }

  /**
   * Starts it; resolves when it is connected.
   * @throws Error where it ends before
   */
  static async start(server: string, userId: string): Promise<RunningApp> {
    const app = new RunningApp(fork(fileURLToPath(new URL("./app.js", import.meta.url)), [server, userId]));
    const failed = app.#exited.then(() => Promise.reject(new Error(`the app of ${userId} ended before it was connected`)));
    await Promise.race([once(app.#child, "message"), failed]);
    // It may end later on without harm.
    failed.catch(() => undefined);
    return app;
  }

  /** Its user does something. */
  does(action: UserAction): void {
    this.#child.send(action);
  }

  /** SIGKILL: it says no goodbye to anybody. */
  async crash(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /**
   * Resolves when it has ended by itself.
   * @throws Error where it failed
   */
  async ended(): Promise<void> {
    await this.#exited;
    if (this.#child.exitCode !== 0) throw new Error(`an app ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
  }

  /** Ends it, in whatever state it is. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.crash();
  }
}
