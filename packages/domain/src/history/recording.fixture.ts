import { policy, type Story, start } from "../commands/commands.fixture.ts";
import { type DeviceId, parseDeviceId, parseUserId, type UserId } from "../ids.ts";
import { keepForMs } from "../next-change.ts";
import type { Commit } from "../ports.ts";
import { after, longAgo, millis, never } from "../time.ts";
import type { Moment } from "../watched-time.ts";
import { replay } from "./replay.ts";
import { TraceRecorder, type TraceRecorderOptions } from "./trace-recorder.ts";

export const alice = parseUserId("alice");

/** Each tick is one, in ms after `start`. */
export function momentAt(offsetMs: number, changes: Partial<Moment> = {}): Moment {
  return { now: millis(start + offsetMs), aheadMs: 0, window: undefined, blindUntil: longAgo, lostAt: longAgo, ...changes };
}

/** What one server records of stories that happen to it. */
export class Recording {
  readonly lines: string[] = [];
  /** Whether the sink has room. */
  room = true;
  readonly recorder: TraceRecorder;

  constructor(server = "s1", options: Partial<TraceRecorderOptions> = {}) {
    this.recorder = new TraceRecorder({
      server,
      sink: (line) => this.room && this.lines.push(line) > 0,
      policy,
      version: "1.0.0",
      store: "memory",
      startedAt: "1970-01-12T13:46:40.000Z",
      ...options,
    });
  }

  tick(offsetMs: number, changes: Partial<Moment> = {}): this {
    this.recorder.saw(momentAt(offsetMs, changes));
    return this;
  }

  /** The story's last decision is committed. */
  commit({ record, decision, now }: Story, userId: UserId = alice): this {
    this.recorder.committed([commitOf(userId, record, decision.moves, now)], ["committed"]);
    return this;
  }

  /** A device is renewed in place at the story's time. */
  renew(story: Story, name: string, userId: UserId = alice): this {
    const id = parseDeviceId(name);
    const { record, now } = story;
    const devices = record.devices.map((device) =>
      device.id === id ? { ...device, leaseUntil: after(now, policy.leaseTtlMs), lastSeen: now } : device,
    );
    story.record = { ...record, revision: record.revision + 1, devices };
    this.recorder.renewed([renewalOf(userId, id)], [{ renewed: true, record: story.record, session: false }]);
    return this;
  }

  end(): this {
    this.recorder.end();
    return this;
  }

  explain(offsetMs: number, userId: UserId = alice) {
    return answerOf(this.lines, offsetMs, userId);
  }
}

/** What a replay tells, in short: the status, since when after `start`, and the reasons to doubt it; or why it tells nothing. */
export function answerOf(lines: readonly string[], offsetMs: number, userId: UserId = alice) {
  const answer = replay(lines).explain(userId, millis(start + offsetMs));
  if (answer.kind === "unreached") return answer.reason;
  const { status, since } = answer.explanation.presence;
  const sinceMs = since === undefined ? undefined : since - start;
  return { status, since: sinceMs, doubts: answer.doubts.map(({ reason }) => reason), cause: answer.lastMove?.cause };
}

function commitOf(userId: UserId, record: Story["record"], moves: Commit["moves"], decidedAt: Commit["decidedAt"]): Commit {
  return {
    userId,
    expectedRevision: record.revision - 1,
    record,
    keepForMs: keepForMs(record, decidedAt, policy.retentionMs),
    due: undefined,
    session: false,
    signOfLife: true,
    event: undefined,
    moves: moves ?? [],
    decidedAt,
    staleFrom: never,
  };
}

function renewalOf(userId: UserId, deviceId: DeviceId) {
  return { userId, deviceId, leaseForMs: policy.leaseTtlMs, activeForMs: undefined, holder: undefined };
}
