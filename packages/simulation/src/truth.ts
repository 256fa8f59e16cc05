import type { Presence, UserId } from "@presence/domain";
import type { Person } from "./person.ts";

/** A promise that did not hold, and in which history. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** One state of one user, as others could see it. */
interface Known {
  readonly presence: Presence;
  /** The store has forgotten it, or why it was so: its version may mean something else now. */
  lost: boolean;
  /** What the version meant before that. */
  readonly earlier: readonly Presence[];
}

export interface TruthParts {
  readonly now: () => number;
  /** How old a server's clock may be, in milliseconds. */
  readonly gapMs: number;
  /** Names the history and the step, for whoever replays it. */
  readonly where: () => string;
}

/** What was ever true, and what must be. The first promise that breaks is kept, wherever the error it throws is swallowed. */
export class Truth {
  readonly #known = new Map<UserId, Map<number, Known>>();
  readonly #people = new Map<UserId, Person>();
  /** The highest version of each user that anyone was told since the store last forgot something, and when. */
  readonly #told = new Map<UserId, { readonly version: number; readonly at: number }>();
  readonly #now: () => number;
  readonly #gapMs: number;
  readonly #where: () => string;
  #tellings = 0;
  #failure: unknown;

  constructor({ now, gapMs, where }: TruthParts) {
    this.#now = now;
    this.#gapMs = gapMs;
    this.#where = where;
  }

  /** How often anybody was told anything. */
  get tellings(): number {
    return this.#tellings;
  }

  /** The first thing that went wrong; undefined: nothing has. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Somebody who behaves: what is told of him is looked at more closely. */
  watch(person: Person): void {
    this.#people.set(person.userId, person);
  }

  /** Others could see this from now on. The same version is always the same state. */
  becameVisible(presence: Presence): void {
    const person = this.#people.get(presence.userId);
    if (person !== undefined) this.check(person.mayBecome(presence), () => `who fell silent goes OFFLINE once: ${text(presence)}`);
    let versions = this.#known.get(presence.userId);
    if (versions === undefined) {
      versions = new Map();
      this.#known.set(presence.userId, versions);
    }
    const known = versions.get(presence.version);
    if (known === undefined) {
      versions.set(presence.version, { presence, lost: false, earlier: [] });
      return;
    }
    if (isSame(known.presence, presence)) {
      known.lost = false;
      return;
    }
    this.check(known.lost, () => `a version is one state: ${text(known.presence)} and ${text(presence)}`);
    versions.set(presence.version, { presence, lost: false, earlier: [...known.earlier, known.presence] });
  }

  /** The store went back: versions that were told since may come again. */
  lostWrites(): void {
    this.#told.clear();
  }

  /** The store went back to where `userId` had `version`: what came after may be said again with another meaning. */
  forgot(userId: UserId, version: number): void {
    for (const known of this.#known.get(userId)?.values() ?? []) if (known.presence.version > version) known.lost = true;
  }

  /** Somebody was told this by a watch that began at `since`. */
  wasPushed(presence: Presence, since: number): void {
    this.#wasTold(presence, since);
  }

  /** Somebody who asked at `askedAt` was told this. Two servers may differ by the age of their clocks, not by more. */
  wasAnswered(presence: Presence, askedAt: number): void {
    const told = this.#told.get(presence.userId);
    this.check(
      told === undefined || presence.version >= told.version || askedAt <= told.at + this.#gapMs,
      () => `an answer is not older than what was told before: ${text(presence)} after ${told?.version}`,
    );
    this.#wasTold(presence, askedAt);
  }

  #wasTold(presence: Presence, askedAt: number): void {
    const { userId, version } = presence;
    this.#tellings++;
    const known = this.#known.get(userId)?.get(version);
    const visible = known !== undefined && (isSame(known.presence, presence) || known.earlier.some((state) => isSame(state, presence)));
    this.check(visible, () => `what is told was visible: ${text(presence)}`);
    const person = this.#people.get(userId);
    if (person !== undefined && presence.status === "OFFLINE") {
      this.check(!person.isHere(presence, askedAt), () => `who gives signs of life is not OFFLINE: ${text(presence)}`);
    }
    if (!known?.lost && version > (this.#told.get(userId)?.version ?? -1)) this.#told.set(userId, { version, at: this.#now() });
  }

  /** @throws BrokenPromise */
  check(holds: boolean, promise: () => string): void {
    if (holds) return;
    const broken = new BrokenPromise(`${promise()} (${this.#where()})`);
    this.fail(broken);
    throw broken;
  }

  /** Something went wrong that is no broken promise, where nobody can be told. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
  }
}

/** Whether two presences of one user are the same bytes. */
export function isSame(a: Presence, b: Presence): boolean {
  return a.version === b.version && a.status === b.status && a.since === b.since && a.lastSeen === b.lastSeen && a.message === b.message;
}

function text(presence: Presence): string {
  return JSON.stringify(presence);
}
