import { PresenceError, type PresenceRecord, type UserId, unknownRecord } from "@presence/domain";
import { Deadlines } from "./deadlines.ts";

interface Row {
  readonly userId: UserId;
  record: PresenceRecord;
  slot: number;
}

/** A page of rows and where the next one begins. */
export interface TablePage {
  readonly users: readonly { readonly userId: UserId; readonly record: PresenceRecord }[];
  readonly next: string | undefined;
}

const tokenPattern = /^before-(\d{1,15})$/;

/** Records by user, each until its time is over. */
export class RecordTable {
  readonly #rows = new Map<UserId, Row>();
  /** All rows without a hole: the last one moves into the place of a removed one. */
  readonly #slots: Row[] = [];
  readonly #expirations = new Deadlines<UserId>();

  /** How many records there are, those included whose time is over and which nobody has asked for since. */
  get size(): number {
    return this.#slots.length;
  }

  /** The record of `userId`, `unknownRecord` for none. */
  get(userId: UserId, now: number): PresenceRecord {
    const row = this.#rows.get(userId);
    if (row === undefined) return unknownRecord;
    if (!this.#isOver(userId, now)) return row.record;
    this.#remove(row);
    return unknownRecord;
  }

  /** Writes a record that is forgotten at `expiresAt`; undefined: when the one before it was to be. */
  set(userId: UserId, record: PresenceRecord, expiresAt: number | undefined): void {
    const row = this.#rows.get(userId);
    if (row !== undefined) row.record = record;
    else {
      const added: Row = { userId, record, slot: this.#slots.length };
      this.#rows.set(userId, added);
      this.#slots.push(added);
    }
    if (expiresAt !== undefined) this.#expirations.set(userId, expiresAt);
  }

  /** Moves the time of a record, if there is one. */
  keep(userId: UserId, expiresAt: number, now: number): void {
    if (this.#rows.has(userId) && !this.#isOver(userId, now)) this.#expirations.set(userId, expiresAt);
  }

  /** Removes up to `limit` records whose time is over. */
  removeExpired(limit: number, now: number): void {
    for (let removed = 0; removed < limit; removed++) {
      const expired = this.#expirations.pop(now);
      if (expired === undefined) return;
      const row = this.#rows.get(expired.key);
      if (row !== undefined) this.#remove(row);
    }
  }

  /**
   * Up to `limit` records. From the last slot to the first: a row that moves to fill a hole goes to a slot not above its
   * own, so a scan meets it before or after, and misses nobody.
   * @throws PresenceError `INVALID_ARGUMENT` on `page_token`
   */
  page(cursor: string | undefined, limit: number, now: number): TablePage {
    const end = Math.min(cursor === undefined ? this.#slots.length : slotOf(cursor), this.#slots.length);
    const start = Math.max(0, end - Math.max(1, limit));
    const rows = this.#slots.slice(start, end).filter(({ userId }) => !this.#isOver(userId, now));
    return { users: rows.map(({ userId, record }) => ({ userId, record })), next: start === 0 ? undefined : `before-${start}` };
  }

  #isOver(userId: UserId, now: number): boolean {
    const expiresAt = this.#expirations.get(userId);
    return expiresAt !== undefined && expiresAt <= now;
  }

  #remove(row: Row): void {
    this.#rows.delete(row.userId);
    this.#expirations.delete(row.userId);
    const last = this.#slots.pop();
    if (last === undefined || last === row) return;
    this.#slots[row.slot] = last;
    last.slot = row.slot;
  }
}

function slotOf(token: string): number {
  const [, slot] = tokenPattern.exec(token) ?? [];
  if (slot === undefined) throw PresenceError.invalid("page_token", "is none that a page gave");
  return Number(slot);
}
