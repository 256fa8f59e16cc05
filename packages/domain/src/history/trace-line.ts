import type { UserId } from "../ids.ts";
import type { PresencePolicy } from "../policy.ts";
import type { Millis } from "../time.ts";
import type { Move } from "../transitions.ts";
import type { TracedRecord } from "./traced-record.ts";

/** A server began to record, or began a new file. */
export interface StartLine {
  readonly kind: "start";
  /** Of the lines; a reader leaves out kinds that it does not know. */
  readonly format: 1;
  /** By the server's own clock, for people: nothing is decided by it. */
  readonly startedAt: string;
  readonly version: string;
  readonly store: string;
  readonly policy: PresencePolicy;
  /** A server that runs and reaches its store writes a line at least so often, in milliseconds of the store's time. */
  readonly clockEveryMs: number;
}

/** A committed write. */
export interface CommitLine {
  readonly kind: "commit";
  /** What the record counts as of: never earlier than the write before. */
  readonly at: Millis;
  readonly user: UserId;
  readonly decidedAt: Millis;
  readonly moves: readonly Move[];
  readonly keepForMs: number;
  readonly record: TracedRecord;
}

/** The whole record after a renewal: where this file does not hold the one before. */
export interface RecordLine {
  readonly kind: "record";
  /** When the deadlines were moved. */
  readonly at: Millis;
  readonly user: UserId;
  readonly record: TracedRecord;
}

/** A renewal that moved deadlines, and nothing else. */
export interface RenewLine {
  readonly kind: "renew";
  /** When the deadlines were moved; the device's last sign of life. */
  readonly at: Millis;
  readonly user: UserId;
  readonly revision: number;
  readonly device: string;
  readonly leaseUntil: Millis;
  /** `null`: never. */
  readonly activeUntil: Millis | null;
}

/** Writes whose answer never came: they may stand in the store, or not. */
export interface UnsureLine {
  readonly kind: "unsure";
  /** From then on they may have been made. */
  readonly from: Millis;
  /** What the server had last heard of the time when it gave up. */
  readonly at: Millis;
  readonly users: readonly UserId[];
}

/** The watch clock: whenever it changes, and now and then where it does not. */
export interface ClockLine {
  readonly kind: "clock";
  readonly at: Millis;
  /** From and until of each window, the newest first. */
  readonly windows: readonly (readonly [from: Millis, until: Millis])[];
  readonly blindUntil: Millis;
  readonly lostAt: Millis;
}

/** Lines that found no place. */
export interface DroppedLine {
  readonly kind: "dropped";
  readonly count: number;
  /** When the first of them happened. */
  readonly from: Millis;
  /** When the last of them happened. */
  readonly at: Millis;
}

/** The server ended in good order. */
export interface EndLine {
  readonly kind: "end";
  readonly at: Millis;
}

/** What a line tells. */
export type TraceEvent = StartLine | CommitLine | RecordLine | RenewLine | UnsureLine | ClockLine | DroppedLine | EndLine;

/** Who tells it, and the how manieth line of that server it is, from 1. */
interface Origin {
  readonly server: string;
  readonly n: number;
}

export type TraceLine = Origin & (TraceEvent | { readonly kind: "unknown" });

export function encodeLine(server: string, n: number, event: TraceEvent): string {
  return JSON.stringify({ server, n, ...event });
}

type Fields = Readonly<Record<string, unknown>>;

/** What each kind must have to be read; the record inside is looked at when it is needed. */
const fieldsOf = {
  start: ({ policy, clockEveryMs }) =>
    isObject(policy) && isNumber(policy.leaseTtlMs) && isNumber(policy.heartbeatIntervalMs) && isNumber(clockEveryMs),
  commit: ({ at, user, moves, keepForMs, record }) =>
    isNumber(at) && isText(user) && Array.isArray(moves) && isNumber(keepForMs) && isObject(record),
  record: ({ at, user, record }) => isNumber(at) && isText(user) && isObject(record),
  renew: ({ at, user, revision, device, leaseUntil }) =>
    isNumber(at) && isText(user) && isNumber(revision) && isText(device) && isNumber(leaseUntil),
  unsure: ({ at, from, users }) => isNumber(at) && isNumber(from) && Array.isArray(users),
  clock: ({ at, windows, blindUntil, lostAt }) =>
    isNumber(at) && Array.isArray(windows) && windows.every(Array.isArray) && isNumber(blindUntil) && isNumber(lostAt),
  dropped: ({ at, from }) => isNumber(at) && isNumber(from),
  end: ({ at }) => isNumber(at),
} as const satisfies Record<TraceEvent["kind"], (fields: Fields) => boolean>;

/** A line of a trace; undefined where it is none, say because its end was cut off. */
export function parseLine(text: string): TraceLine | undefined {
  const fields = parsed(text);
  if (fields === undefined || !isText(fields.server) || !isNumber(fields.n) || !isText(fields.kind)) return undefined;
  const { server, n, kind } = fields;
  if (!isKnown(kind)) return { server, n, kind: "unknown" };
  return fieldsOf[kind](fields) ? (fields as unknown as TraceLine) : undefined;
}

function parsed(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // A line that was being written when its server died.
    return undefined;
  }
}

function isKnown(kind: string): kind is TraceEvent["kind"] {
  return Object.hasOwn(fieldsOf, kind);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
