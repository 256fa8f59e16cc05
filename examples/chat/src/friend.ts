import {
  type Attachment,
  type AttachUpdate,
  createPresenceClient,
  type Presence,
  type PresenceClient,
  type Status,
} from "@presence/client";

/** Longest wait for something that must happen, on the slowest machine. */
const patienceMs = 15_000;

/** Somebody who looks at his friends list, and at the members of a party. */
export class Friend {
  readonly #client: PresenceClient;
  readonly #attached: Attachment;
  readonly #print: (who: string, what: string) => void;
  readonly #seen = new Map<string, Status>();
  readonly #members = new Set<string>();
  #looked: () => void = () => {};
  #failure: unknown;

  /** @param print called with each thing that he sees */
  constructor(server: string, print: (who: string, what: string) => void) {
    // Long enough for a server that is just starting.
    this.#client = createPresenceClient({ server, deadlineMs: patienceMs });
    this.#attached = this.#client.attach({ backoff: { initialMs: 100, maxMs: 200 } });
    this.#print = print;
  }

  /** Begins to look; rejects if he cannot. */
  async watch(userIds: readonly string[], partyId: string): Promise<void> {
    void this.#read();
    await this.#attached.watch({ userIds, partyIds: [partyId] });
    await this.#until("the first look", () => userIds.every((userId) => this.#seen.has(userId)));
  }

  /** Resolves when he sees that status. */
  async sees(userId: string, status: Status): Promise<void> {
    await this.#until(`${userId} ${status}`, () => this.#seen.get(userId) === status);
  }

  /** Resolves when he sees these in the party, and nobody else. */
  async seesMembers(...userIds: readonly string[]): Promise<void> {
    const all = () => this.#members.size === userIds.length && userIds.every((userId) => this.#members.has(userId));
    await this.#until(`${userIds.join(", ")} in the party`, all);
  }

  close(): void {
    this.#client.close();
  }

  async #read(): Promise<void> {
    try {
      for await (const update of this.#attached.updates()) {
        this.#take(update);
        this.#looked();
      }
    } catch (error) {
      this.#failure = error;
      this.#looked();
    }
  }

  #take(update: AttachUpdate): void {
    switch (update.kind) {
      case "snapshot":
        for (const presence of update.presences) {
          if (update.partyId !== undefined) this.#members.add(presence.userId);
          this.#see(presence);
        }
        return;
      case "change":
        this.#see(update.presence);
        return;
      case "joined":
        this.#members.add(update.presence.userId);
        this.#print(update.partyId ?? "", `${update.presence.userId} joined`);
        this.#see(update.presence);
        return;
      case "left":
        this.#members.delete(update.userId);
        this.#print(update.partyId ?? "", `${update.userId} left`);
        return;
      default:
        // Lost connections are not part of this play.
        return;
    }
  }

  #see({ userId, status, message }: Presence): void {
    const before = this.#seen.get(userId);
    this.#seen.set(userId, status);
    // Messages come from users: quoted, no control character reaches the terminal.
    const said = message === "" ? "" : `  ${JSON.stringify(message)}`;
    if (before === undefined) this.#print(userId, `${status}${said}`);
    else if (before !== status) this.#print(userId, `${before} → ${status}${said}`);
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the friend never saw: ${what}`)), patienceMs);
      this.#looked = () => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (holds()) resolve();
        else return;
        clearTimeout(timer);
        this.#looked = () => {};
      };
      this.#looked();
    });
  }
}
