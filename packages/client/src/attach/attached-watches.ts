import { toClientError } from "../error-translation.ts";
import { refusesWatch } from "../final-errors.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import { type AttachStream, acknowledgementOf, attachErrorFrom, type Response } from "./attach-stream.ts";
import type { AttachUpdate, WatchTargets } from "./attach-update.ts";
import { type PersistenceOptions, persist } from "./persistence.ts";
import { UpdateQueue } from "./update-queue.ts";
import { WatchedView } from "./watched-view.ts";

export interface AttachedWatchesParts extends PersistenceOptions {
  readonly deadlineMs: number;
}

/** Who is watched over one attachment, and what its reader is told. */
export class AttachedWatches {
  readonly updates = new UpdateQueue((userId) => this.#view.latest(userId));
  readonly #view = new WatchedView();
  readonly #parts: AttachedWatchesParts;
  /** The server has said on this stream that it cannot see. */
  #blind = false;
  /** The reader was told that the connection is lost. */
  #interrupted = false;

  constructor(parts: AttachedWatchesParts) {
    this.#parts = parts;
  }

  /** Follows these as well. */
  async watch(stream: AttachStream, targets: WatchTargets, deadlineMs: number): Promise<void> {
    const fresh = this.#view.without(targets);
    try {
      await this.#open(stream, targets, deadlineMs);
    } catch (error) {
      // What is carried out late must not stay: nobody knows of it.
      if (error instanceof PresenceClientError && error.code === "DEADLINE_EXCEEDED" && stream.open) {
        stream
          .ask({ $case: "unwatch", value: targetOf(fresh) }, this.#parts.deadlineMs, () => {})
          .catch(() => {
            // It is gone with the stream.
          });
      }
      throw error;
    }
  }

  /** Follows these no more. */
  unwatch(stream: AttachStream, targets: WatchTargets, deadlineMs: number): Promise<void> {
    return stream.ask({ $case: "unwatch", value: targetOf(targets) }, deadlineMs, (answer) => {
      acknowledgementOf(answer);
      this.#remove(targets);
    });
  }

  /** What the stream says about those who are watched. */
  told(response: Response): void {
    try {
      const update = response.$case === "error" ? watchLost(attachErrorFrom(response.value.status)) : this.#view.updateFrom(response);
      if (update === undefined) return;
      if (update.kind === "stale" || update.kind === "live") this.#blind = update.kind === "stale";
      this.updates.put(update);
    } catch (error) {
      // A newer server may speak of what this client does not know.
      this.updates.put(watchLost(toClientError(error)));
    }
  }

  /** Watches again, on a new stream, whoever was watched on the last one. */
  async resume(stream: AttachStream): Promise<void> {
    const { userIds, partyIds } = this.#view;
    // One request each: 5,000 users fill half of the longest message.
    for (const targets of [{ userIds }, { partyIds }]) {
      if (isEmpty(targets)) continue;
      const refusal = await persist(stream, this.#parts, refusesWatch, () => this.#open(stream, targets, this.#parts.deadlineMs));
      if (!(refusal instanceof Error)) continue;
      this.#remove(targets);
      this.updates.put(watchLost(refusal));
    }
  }

  /** The connection is lost; the next one is tried in `retryInMs`. */
  interrupted(reason: PresenceClientError | undefined, retryInMs: number): void {
    this.#interrupted = true;
    this.#blind = false;
    this.updates.put({ kind: "stale", reason, retryInMs });
  }

  /** All is as it was before the connection was lost. */
  resumed(): void {
    if (!this.#interrupted) return;
    this.#interrupted = false;
    this.updates.put({ kind: "resumed" });
    // The new server may have said so before all was resumed.
    if (this.#blind) this.updates.put({ kind: "stale", reason: undefined, retryInMs: undefined });
  }

  #open(stream: AttachStream, targets: WatchTargets, deadlineMs: number): Promise<void> {
    return stream.ask({ $case: "watch", value: targetOf(targets) }, deadlineMs, (answer) => {
      acknowledgementOf(answer);
      this.#view.add(targets);
    });
  }

  #remove(targets: WatchTargets): void {
    this.#view.remove(targets);
    this.updates.prune((partyId) => this.#view.watchesParty(partyId));
  }
}

function targetOf({ userIds = [], partyIds = [] }: WatchTargets): { userIds: string[]; partyIds: string[] } {
  return { userIds: [...userIds], partyIds: [...partyIds] };
}

function isEmpty({ userIds = [], partyIds = [] }: WatchTargets): boolean {
  return userIds.length + partyIds.length === 0;
}

function watchLost(reason: PresenceClientError): AttachUpdate {
  return { kind: "watch-lost", reason };
}
