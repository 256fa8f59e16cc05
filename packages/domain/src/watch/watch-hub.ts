import { PresenceError } from "../errors.ts";
import type { UserId } from "../ids.ts";
import type { FeedListener, PresenceFeed } from "../ports.ts";
import type { Presence } from "../presence.ts";
import { AuditRound } from "./audit-round.ts";
import { Topic } from "./topic.ts";
import { Watch, type WatchOwner } from "./watch.ts";

/** Where a hub reads what no signal told it. */
export interface PresenceSource {
  /** The presences now, in order; an error in the place of a user whose record cannot be read. @throws PresenceError `UNAVAILABLE` */
  read(userIds: readonly UserId[]): Promise<readonly (Presence | PresenceError)[]>;
  /** The store has a lower version of this user than was told already: writes it again with a higher one. */
  outrun(userId: UserId, version: number): Promise<Presence>;
}

export interface WatchHubOptions {
  readonly feed: PresenceFeed;
  readonly source: PresenceSource;
  /** How long a subscription outlives its last watcher; default 10 s. */
  readonly lingerMs?: number;
  /** How often each watched user is read again, whatever the feed says; default 10 s. */
  readonly auditMs?: number;
  /** How long to wait after a failed read; default 250 ms. */
  readonly retryMs?: number;
  /** A read failed: the watchers of these users stay stale until one succeeds. */
  readonly onReadFailed?: (error: unknown) => void;
}

/** What a hub has done, for metrics. */
export interface WatchHubCounters {
  /** Times a subscription broke. */
  readonly breaks: number;
  /** Changes that an audit found and no signal had announced. */
  readonly missedByFeed: number;
  /** Users whose version had gone back in the store. */
  readonly outrun: number;
}

/** Most users in one read. */
const readBatch = 1_000;

/**
 * Follows users for any number of watchers with one upstream subscription each: subscribes, then reads, then passes on
 * only higher versions. The hub has no timer: `tick` moves releases, retries and the audit on.
 */
export class WatchHub {
  readonly #feed: PresenceFeed;
  readonly #source: PresenceSource;
  readonly #options: Required<Pick<WatchHubOptions, "lingerMs" | "retryMs" | "onReadFailed">>;
  readonly #topics = new Map<UserId, Topic>();
  readonly #lingering = new Set<Topic>();
  readonly #toRead = new Set<Topic>();
  readonly #audits: AuditRound;
  readonly #owner: WatchOwner;
  #counters = { breaks: 0, missedByFeed: 0, outrun: 0 };
  #now = 0;
  #reading = false;
  /** Counts reads, so that a watch can tell whether one began after it asked. */
  #reads = 0;
  #retryAt = 0;

  constructor(options: WatchHubOptions) {
    const { feed, source, lingerMs = 10_000, auditMs = 10_000, retryMs = 250, onReadFailed = () => {} } = options;
    this.#feed = feed;
    this.#source = source;
    this.#options = { lingerMs, retryMs, onReadFailed };
    this.#audits = new AuditRound(this.#topics, auditMs);
    this.#owner = {
      join: (watch, userIds) => this.#join(watch, userIds),
      leave: (watch, topics) => this.#leave(watch, topics),
      nextRead: () => this.#reads + 1,
      read: () => this.#read(),
    };
    const listener: FeedListener = {
      subscribed: (userIds) => this.#subscribed(userIds),
      changed: (presence) => this.#changed(presence),
      broken: (userIds) => this.#broken(userIds),
    };
    feed.listen(listener);
  }

  get counters(): WatchHubCounters {
    return this.#counters;
  }

  /** Whether every view that somebody has may be trusted: no subscription is broken. */
  get isLive(): boolean {
    for (const topic of this.#topics.values()) if (!topic.trusted && topic.latest !== undefined) return false;
    return true;
  }

  /** How many users have a subscription. */
  get size(): number {
    return this.#topics.size;
  }

  /** A new watch, of nobody yet: `add` says of whom. `wake` is called whenever its `take` has something, perhaps more often. */
  watch(wake: () => void): Watch {
    return new Watch(this.#owner, wake);
  }

  /** Moves time on; to be called every 100 ms or so with a clock in milliseconds that never runs backwards. */
  tick(now: number): void {
    const elapsed = Math.max(0, now - this.#now);
    this.#now = now;
    this.#release();
    this.#audit(elapsed);
    this.#read();
  }

  #join(watch: Watch, userIds: readonly UserId[]): readonly Topic[] {
    const fresh: UserId[] = [];
    const joined = new Set<Topic>();
    for (const userId of userIds) {
      let topic = this.#topics.get(userId);
      if (topic === undefined) {
        topic = new Topic(userId);
        this.#topics.set(userId, topic);
        fresh.push(userId);
      }
      topic.releaseAt = undefined;
      this.#lingering.delete(topic);
      topic.watches.add(watch);
      joined.add(topic);
      // Read afresh although it is known: what the feed still owes us, another server may have told this watcher already.
      if (topic.subscribed) this.#toRead.add(topic);
    }
    if (fresh.length > 0) this.#feed.subscribe(fresh);
    return [...joined];
  }

  #leave(watch: Watch, topics: Iterable<Topic>): void {
    for (const topic of topics) {
      topic.watches.delete(watch);
      if (topic.watches.size > 0) continue;
      // Watchers come back: a reconnect must not cost a subscription.
      topic.releaseAt = this.#now + this.#options.lingerMs;
      this.#lingering.add(topic);
    }
  }

  #release(): void {
    const released: UserId[] = [];
    for (const topic of this.#lingering) {
      if (topic.releaseAt === undefined || topic.releaseAt > this.#now) break;
      this.#lingering.delete(topic);
      this.#toRead.delete(topic);
      this.#topics.delete(topic.userId);
      released.push(topic.userId);
    }
    if (released.length > 0) this.#feed.unsubscribe(released);
  }

  #subscribed(userIds: readonly UserId[]): void {
    for (const userId of userIds) {
      const topic = this.#topics.get(userId);
      if (topic === undefined) continue;
      // A second confirmation without a break in between is a gap as well.
      this.#distrust(topic);
      topic.subscribed = true;
      this.#toRead.add(topic);
    }
    this.#read();
  }

  #broken(userIds: readonly UserId[] | undefined): void {
    this.#counters.breaks++;
    const topics = userIds === undefined ? this.#topics.values() : userIds.flatMap((userId) => this.#topics.get(userId) ?? []);
    for (const topic of topics) {
      topic.subscribed = false;
      this.#toRead.delete(topic);
      this.#distrust(topic);
    }
  }

  #distrust(topic: Topic): void {
    topic.epoch++;
    if (!topic.trusted) return;
    topic.trusted = false;
    for (const watch of topic.watches) watch.distrust(topic);
  }

  #changed(presence: Presence): void {
    const topic = this.#topics.get(presence.userId);
    if (topic?.take(presence)) for (const watch of topic.watches) watch.changed(topic);
  }

  /** Reads whoever waits to be trusted, one batch at a time: a gap of everyone must not flood the store. */
  #read(): void {
    if (this.#reading || this.#toRead.size === 0 || this.#now < this.#retryAt) return;
    const batch: Topic[] = [];
    for (const topic of this.#toRead) {
      if (batch.length === readBatch) break;
      batch.push(topic);
      this.#toRead.delete(topic);
    }
    this.#reading = true;
    const read = ++this.#reads;
    const epochs = batch.map(({ epoch }) => epoch);
    const isCurrent = (topic: Topic, index: number) =>
      topic.subscribed && topic.epoch === epochs[index] && this.#topics.get(topic.userId) === topic;
    void this.#refresh(batch)
      .then(
        () => {
          for (const topic of batch.filter(isCurrent)) this.#trust(topic, read);
        },
        (error: unknown) => {
          this.#readFailed(error);
          for (const topic of batch.filter(isCurrent)) this.#toRead.add(topic);
        },
      )
      .then(() => {
        this.#reading = false;
        this.#read();
      });
  }

  #trust(topic: Topic, read: number): void {
    topic.trusted = true;
    for (const watch of topic.watches) watch.trust(topic, read);
  }

  /** Reads these users now. Resolves to how many of them had a version that was not known yet. */
  async #refresh(topics: readonly Topic[]): Promise<number> {
    // What is known before the read begins must be in it; a lower version is no late answer but a store that went back.
    const known = topics.map(({ latest }) => latest?.version ?? 0);
    const presences = await this.#source.read(topics.map(({ userId }) => userId));
    let news = 0;
    for (const [index, topic] of topics.entries()) {
      let presence = presences[index];
      const before = known[index] ?? 0;
      if (presence === undefined) continue;
      if (presence instanceof PresenceError) {
        // One broken record keeps nobody else's view stale: this user stays as he was last told, or untold, until an audit can read him.
        this.#options.onReadFailed(presence);
        continue;
      }
      const wentBack = presence.version < before;
      if (wentBack) {
        this.#counters.outrun++;
        try {
          presence = await this.#source.outrun(topic.userId, topic.latest?.version ?? before);
        } catch (error) {
          this.#options.onReadFailed(error);
          continue;
        }
      }
      if (!topic.take(presence)) continue;
      if (!wentBack) news++;
      for (const watch of topic.watches) watch.changed(topic);
    }
    return news;
  }

  /** A subscription that is open but dead says nothing. */
  #audit(elapsedMs: number): void {
    const batch = this.#audits.take(elapsedMs, this.#now < this.#retryAt ? 0 : readBatch);
    if (batch.length === 0) return;
    this.#refresh(batch).then(
      (news) => {
        this.#counters.missedByFeed += news;
      },
      (error: unknown) => {
        this.#readFailed(error);
        this.#audits.failed(batch);
      },
    );
  }

  #readFailed(error: unknown): void {
    this.#options.onReadFailed(error);
    this.#retryAt = this.#now + this.#options.retryMs;
  }
}
