import type { FeedListener, Presence, PresenceFeed, UserId } from "@presence/domain";

/** The changes of one process: nothing comes late, and nothing is lost. */
export class MemoryPresenceFeed implements PresenceFeed {
  readonly #wanted = new Set<UserId>();
  #listener: FeedListener | undefined;

  listen(listener: FeedListener): void {
    if (this.#listener !== undefined) throw new Error("this feed has a listener already");
    this.#listener = listener;
  }

  subscribe(userIds: readonly UserId[]): void {
    for (const userId of userIds) this.#wanted.add(userId);
    this.#later((listener) => listener.subscribed(userIds.filter((userId) => this.#wanted.has(userId))));
  }

  unsubscribe(userIds: readonly UserId[]): void {
    for (const userId of userIds) this.#wanted.delete(userId);
  }

  /** A change was committed. */
  publish(presence: Presence): void {
    if (this.#wanted.has(presence.userId)) this.#later((listener) => listener.changed(presence));
  }

  // Never within the caller's step: a listener that throws must not fail a commit that was written.
  #later(tell: (listener: FeedListener) => void): void {
    queueMicrotask(() => {
      if (this.#listener !== undefined) tell(this.#listener);
    });
  }
}
