import type { Presence } from "../presence.ts";
import { PresenceClientError } from "../presence-client-error.ts";
import type { AttachUpdate } from "./attach-update.ts";

/** More than all that 5,000 watched users can have to tell; beyond it nobody reads, or not the one who should. */
const maxUnread = 20_000;

/**
 * What the reader has not taken yet. A newer update takes the place of the one that it makes out of date, so that a slow reader
 * costs no more than one presence a user, and always gets the last state.
 */
export class UpdateQueue {
  /** By what each is about; the order is that in which they are read. */
  readonly #updates = new Map<string, AttachUpdate>();
  readonly #latest: (userId: string) => Presence | undefined;
  #wake: () => void = () => {};
  #ended: { readonly reason: PresenceClientError | undefined } | undefined;
  #read = false;

  /** @param latest the last that is known of a user */
  constructor(latest: (userId: string) => Presence | undefined) {
    this.#latest = latest;
  }

  get size(): number {
    return this.#updates.size;
  }

  put(update: AttachUpdate): void {
    if (this.#ended !== undefined) return;
    const subject = subjectOf(update);
    const unread = this.#updates.get(subject);
    this.#updates.delete(subject);
    this.#updates.set(subject, update.kind === "snapshot" ? this.#merged(update, unread) : update);
    if (this.#updates.size > maxUnread) {
      this.#updates.clear();
      this.end(new PresenceClientError("RESOURCE_EXHAUSTED", `more than ${maxUnread} updates were not read`));
    }
    this.#wake();
  }

  /** Drops what is unread of users and parties that are watched no more. */
  prune(isWatched: (partyId: string) => boolean): void {
    for (const [subject, update] of this.#updates) {
      const partyId = "partyId" in update ? update.partyId : undefined;
      const gone =
        partyId === undefined ? update.kind === "change" && this.#latest(update.presence.userId) === undefined : !isWatched(partyId);
      if (gone) this.#updates.delete(subject);
    }
  }

  /** No more come. What is there can be read still; then reading ends, with `reason` if there is one. */
  end(reason?: PresenceClientError): void {
    this.#ended ??= { reason };
    this.#wake();
  }

  /** @throws Error if it is read already: two readers would each miss what the other one takes */
  async *read(): AsyncGenerator<AttachUpdate, void> {
    if (this.#read) throw new Error("the updates of this attachment are being read already");
    this.#read = true;
    try {
      for (;;) {
        const next = this.#updates.entries().next();
        if (next.done !== true) {
          const [subject, update] = next.value;
          this.#updates.delete(subject);
          yield update;
        } else if (this.#ended === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else if (this.#ended.reason === undefined) {
          return;
        } else {
          throw this.#ended.reason;
        }
      }
    } finally {
      this.#read = false;
    }
  }

  #merged(snapshot: Extract<AttachUpdate, { kind: "snapshot" }>, unread: AttachUpdate | undefined): AttachUpdate {
    const { partyId, presences } = snapshot;
    if (partyId !== undefined) {
      // It is the whole party: who came or went before is in it, or not.
      for (const subject of this.#updates.keys()) if (subject.startsWith(memberPrefix(partyId))) this.#updates.delete(subject);
      return snapshot;
    }
    for (const { userId } of presences) this.#updates.delete(userSubject(userId));
    if (unread?.kind !== "snapshot") return snapshot;
    const told = new Set(presences.map(({ userId }) => userId));
    // At the end of the queue it must not say what is older than an update before it.
    const others = unread.presences.filter(({ userId }) => !told.has(userId)).flatMap(({ userId }) => this.#latest(userId) ?? []);
    return { kind: "snapshot", presences: [...others, ...presences] };
  }
}

function subjectOf(update: AttachUpdate): string {
  switch (update.kind) {
    case "snapshot":
      return update.partyId === undefined ? "users" : `party\n${update.partyId}`;
    case "change":
      return userSubject(update.presence.userId);
    case "joined":
      return `${memberPrefix(update.partyId)}${update.presence.userId}`;
    case "left":
      return `${memberPrefix(update.partyId)}${update.userId}`;
    case "stale":
    case "live":
    case "resumed":
      return "connection";
    case "device-lost":
      return `device\n${update.userId}\n${update.deviceId}`;
    case "watch-lost":
      return "watch";
  }
}

function userSubject(userId: string): string {
  return `user\n${userId}`;
}

function memberPrefix(partyId = ""): string {
  return `member\n${partyId}\n`;
}
