import type { PresenceError } from "../errors.ts";
import type { PartyId, UserId } from "../ids.ts";
import type { Watch } from "./watch.ts";
import type { PartyWatchEvent } from "./watch-event.ts";
import type { WatchHub } from "./watch-hub.ts";

/** One watcher's view of a party: a watch of its members, who come and go. `wake` is called when `take` has something. */
export class PartyWatch {
  readonly partyId: PartyId;
  readonly #hub: WatchHub;
  readonly #wake: () => void;
  readonly #end: (watch: PartyWatch) => void;
  #members: Watch | undefined;
  #current: ReadonlySet<UserId> = new Set();
  /** Whom the watcher has in his view. */
  readonly #shown = new Set<UserId>();
  readonly #left = new Set<UserId>();
  readonly #joined: PartyWatchEvent[] = [];
  #opened = false;
  #failure: PresenceError | undefined;

  constructor(partyId: PartyId, hub: WatchHub, wake: () => void, end: (watch: PartyWatch) => void) {
    this.partyId = partyId;
    this.#hub = hub;
    this.#wake = wake;
    this.#end = end;
  }

  /** Why the party cannot be watched (any more); the watch tells nothing else then. */
  get failure(): PresenceError | undefined {
    return this.#failure;
  }

  /** How many members are watched. */
  get size(): number {
    return this.#current.size;
  }

  /** Whether this user is a member, as last read; undefined: not read yet. */
  has(userId: UserId): boolean | undefined {
    return this.#members === undefined ? undefined : this.#current.has(userId);
  }

  /** The next thing to tell; undefined until `wake` is called again. */
  take(): PartyWatchEvent | undefined {
    for (const userId of this.#left) {
      this.#left.delete(userId);
      return { kind: "left", userId };
    }
    const joined = this.#joined.shift();
    if (joined !== undefined) return joined;
    const event = this.#members?.take();
    if (event?.kind !== "snapshot") return event;
    // A snapshot of newcomers alone tells that they joined; any other one is the whole party.
    const newcomers = event.presences.every(({ userId }) => !this.#shown.has(userId));
    for (const { userId } of event.presences) this.#shown.add(userId);
    if (this.#opened && newcomers) {
      this.#joined.push(...event.presences.map((presence) => ({ kind: "joined", presence }) as const));
      return this.take();
    }
    this.#opened = true;
    return event;
  }

  /** The party's members are these now. */
  membersAre(members: ReadonlySet<UserId>): void {
    if (this.#members === undefined) {
      this.#current = members;
      this.#members = this.#hub.watch(this.#wake);
      this.#members.add([...members]);
      return;
    }
    const gone = [...this.#current].filter((userId) => !members.has(userId));
    const come = [...members].filter((userId) => !this.#current.has(userId));
    this.#current = members;
    if (gone.length > 0) this.#members.remove(gone);
    for (const userId of gone) if (this.#shown.delete(userId)) this.#left.add(userId);
    if (come.length > 0) this.#members.add(come);
    if (gone.length > 0) this.#wake();
  }

  /** The party cannot be watched. */
  fail(error: PresenceError): void {
    this.#failure = error;
    this.#wake();
  }

  /** Ends the watch. */
  close(): void {
    this.#members?.close();
    this.#end(this);
  }
}
