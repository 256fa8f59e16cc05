import type { UserId } from "../ids.ts";
import type { Presence } from "../presence.ts";
import type { Follower, Topic } from "./topic.ts";
import type { WatchEvent } from "./watch-event.ts";

/** Users whose snapshot is told together, once all of them can be trusted. */
interface PendingSnapshot {
  readonly topics: Set<Topic>;
  /** Those not read yet, and which read of the hub is the first that counts: one that began before proves too little. */
  readonly waiting: Map<Topic, number>;
}

/** How a watch reaches its hub. */
export interface WatchOwner {
  join(watch: Watch, userIds: readonly UserId[]): readonly Topic[];
  leave(watch: Watch, topics: Iterable<Topic>): void;
  /** The number of the read that begins next. */
  nextRead(): number;
  /** Begins the next read, if somebody waits for one and none is under way. */
  read(): void;
}

/**
 * One watcher's view. It holds no queue: per user at most the fact that something is to be told, so that a slow watcher
 * costs no more than a quick one and always gets the last state. `wake` is called when `take` has something.
 */
export class Watch implements Follower {
  readonly #owner: WatchOwner;
  readonly #wake: () => void;
  readonly #topics = new Map<UserId, Topic>();
  readonly #told = new Map<Topic, number>();
  readonly #dirty = new Set<Topic>();
  #snapshots: PendingSnapshot[] = [];
  #stale: "no" | "to tell" | "told" = "no";

  constructor(owner: WatchOwner, wake: () => void) {
    this.#owner = owner;
    this.#wake = wake;
  }

  /** How many users are watched. */
  get size(): number {
    return this.#topics.size;
  }

  /** Watches these users as well; a snapshot of them comes first. Who is watched already gets one again. */
  add(userIds: readonly UserId[]): void {
    const topics = this.#owner.join(this, userIds);
    for (const topic of topics) this.#topics.set(topic.userId, topic);
    const read = this.#owner.nextRead();
    this.#snapshots.push({ topics: new Set(topics), waiting: new Map(topics.map((topic) => [topic, read])) });
    this.#wakeIfReady();
    this.#owner.read();
  }

  /** Watches these users no more. */
  remove(userIds: readonly UserId[]): void {
    const gone: Topic[] = [];
    for (const userId of userIds) {
      const topic = this.#topics.get(userId);
      if (topic === undefined) continue;
      gone.push(topic);
      this.#topics.delete(userId);
      this.#told.delete(topic);
      this.#dirty.delete(topic);
      for (const { topics, waiting } of this.#snapshots) {
        topics.delete(topic);
        waiting.delete(topic);
      }
    }
    this.#snapshots = this.#snapshots.filter(({ topics }) => topics.size > 0);
    this.#owner.leave(this, gone);
    this.#wakeIfReady();
  }

  /** Ends the watch. */
  close(): void {
    this.#owner.leave(this, this.#topics.values());
    this.#topics.clear();
    this.#told.clear();
    this.#dirty.clear();
    this.#snapshots = [];
  }

  /** The next thing to tell; undefined until `wake` is called again. */
  take(): WatchEvent | undefined {
    if (this.#stale === "to tell") {
      this.#stale = "told";
      return { kind: "feed", state: "STALE" };
    }
    const ready = this.#snapshots.findIndex(({ waiting }) => waiting.size === 0);
    const snapshot = this.#snapshots[ready];
    if (snapshot !== undefined) {
      this.#snapshots.splice(ready, 1);
      return { kind: "snapshot", presences: this.#tell(snapshot.topics) };
    }
    if (this.#stale === "told" && this.#snapshots.length === 0) {
      this.#stale = "no";
      return { kind: "feed", state: "LIVE" };
    }
    for (const topic of this.#dirty) {
      if (this.#isPromised(topic)) continue;
      this.#dirty.delete(topic);
      const { latest } = topic;
      if (latest === undefined || latest.version <= (this.#told.get(topic) ?? -1)) continue;
      this.#told.set(topic, latest.version);
      return { kind: "change", presence: latest };
    }
    return undefined;
  }

  /** The hub has a newer presence of `topic`. */
  changed(topic: Topic): void {
    this.#dirty.add(topic);
    if (!this.#isPromised(topic)) this.#wake();
  }

  /** Changes of `topic` may be missing: tells so, and promises a fresh snapshot of everyone, so that the view is whole again at once. */
  distrust(topic: Topic): void {
    if (this.#stale === "no" && this.#told.size > 0) {
      this.#stale = "to tell";
      this.#wake();
    }
    let all = this.#snapshots.find(({ topics }) => topics.size === this.#topics.size);
    if (all === undefined) {
      // Who waits for a read already, goes on waiting for it.
      all = { topics: new Set(this.#topics.values()), waiting: new Map(this.#snapshots.flatMap(({ waiting }) => [...waiting])) };
      this.#snapshots = [all];
    }
    all.waiting.set(topic, this.#owner.nextRead());
  }

  /** `topic` can be trusted (again), by that read. */
  trust(topic: Topic, read: number): void {
    for (const { waiting } of this.#snapshots) if (read >= (waiting.get(topic) ?? 0)) waiting.delete(topic);
    this.#wakeIfReady();
  }

  #wakeIfReady(): void {
    if (this.#snapshots.some(({ waiting }) => waiting.size === 0)) this.#wake();
  }

  #isPromised(topic: Topic): boolean {
    return this.#snapshots.some(({ topics }) => topics.has(topic));
  }

  #tell(topics: Iterable<Topic>): Presence[] {
    const presences: Presence[] = [];
    for (const topic of topics) {
      if (topic.latest === undefined) continue;
      presences.push(topic.latest);
      this.#told.set(topic, topic.latest.version);
      this.#dirty.delete(topic);
    }
    return presences;
  }
}
