import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runRecorded } from "./recorded-io.fixture.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const policy = { leaseTtlMs: 120_000, heartbeatIntervalMs: 30_000, graceMs: 20_000, idleAfterMs: 300_000, retentionMs: 604_800_000 };
const phone = { id: "phone", leaseUntil: noon + 120_000, activeUntil: null, lastSeen: noon, attached: true };
const record = {
  revision: 1,
  version: noon * 1_000,
  status: "ONLINE",
  since: noon,
  lastSeen: 0,
  settledAt: noon,
  bound: false,
  devices: [phone],
  left: [],
};

/** What one server records from 10 s before noon on: at noon alice connects, and half a minute later her lease is renewed. */
const events: readonly object[] = [
  { kind: "start", format: 1, startedAt: "2026-11-24T13:00:00Z", version: "1.0.0", store: "redis", policy, clockEveryMs: 5_000 },
  { kind: "clock", at: noon - 10_000, windows: [], blindUntil: 0, lostAt: 0 },
  {
    kind: "commit",
    at: noon,
    user: "alice",
    decidedAt: noon,
    moves: [{ from: "OFFLINE", to: "ONLINE", cause: "connect" }],
    keepForMs: 604_800_000,
    record,
  },
  { kind: "renew", at: noon + 30_000, user: "alice", revision: 2, device: "phone", leaseUntil: noon + 150_000, activeUntil: null },
  { kind: "end", at: noon + 300_000 },
];

let directory: string;
const trace = () => join(directory, "trace.jsonl");
const holed = () => join(directory, "holed.jsonl");
const empty = () => join(directory, "empty.jsonl");

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "presence-cli-trace-"));
  const lines = events.map((event, index) => JSON.stringify({ server: "5e1f", n: index + 1, ...event }));
  writeFileSync(trace(), lines.join("\n"));
  // Without the renewal, and with an end that was cut off.
  writeFileSync(holed(), `${[...lines.slice(0, 3), ...lines.slice(4)].join("\n").slice(0, -5)}\n${lines[4]}\n`);
  writeFileSync(empty(), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ask = (at: string, ...more: string[]) => runRecorded(["explain", "alice", "--at", at, "--trace", trace(), ...more]);

describe("presence explain --at", () => {
  it("tells what a user's presence was, and why", async () => {
    const { exitCode, stdout, stderr } = await ask("2026-11-24T12:01:00Z", "--json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      user: "alice",
      status: "ONLINE",
      since: "2026-11-24T12:00:00.000Z",
      version: String(noon * 1_000),
      because: "No status is chosen, and device phone is active.",
      devices: [{ device: "phone", leaseUntil: "2026-11-24T12:02:30.000Z", attached: true }],
      session: null,
      next: { at: "2026-11-24T12:02:30.000Z", status: "OFFLINE", because: "the last lease ends" },
      at: "2026-11-24T12:01:00.000Z",
      lastMove: { from: "OFFLINE", to: "ONLINE", cause: "connect", at: "2026-11-24T12:00:00.000Z", server: "5e1f" },
      withheldUntil: null,
      certain: true,
      doubts: [],
    });
  });

  it("counts back from the end of the trace, and knows what time alone had changed by then", async () => {
    const { exitCode, stdout } = await ask("-30s", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      at: "2026-11-24T12:04:30.000Z",
      status: "OFFLINE",
      since: "2026-11-24T12:02:30.000Z",
      lastSeen: "2026-11-24T12:00:30.000Z",
      lastMove: { cause: "lease-lapsed", server: null },
    });
  });

  it("reads as a table, with times as they were then", async () => {
    const { stdout } = await runRecorded(["explain", "alice", "--at", "2026-11-24T12:01:00Z", "--trace", trace(), "--no-color"], {
      terminal: 120,
    });
    expect(stdout).toContain("alice  ● ONLINE");
    expect(stdout).toMatch(/since +60s ago/);
    expect(stdout).toMatch(/at +2026-11-24T12:01:00\.000Z/);
    expect(stdout).toMatch(/moved +OFFLINE to ONLINE by connect, 60s ago; written down by server 5e1f/);
    expect(stdout).not.toContain("session");
  });

  it("has more lines in a pipe", async () => {
    const { stdout } = await ask("2026-11-24T12:01:00Z");
    expect(stdout).toContain(
      "at\t2026-11-24T12:01:00.000Z\nmoved\t2026-11-24T12:00:00.000Z\tOFFLINE\tONLINE\tconnect\t5e1f\nwithheld\t-\n",
    );
  });

  it("says what makes an answer doubtful", async () => {
    const { exitCode, stdout, stderr } = await runRecorded(["explain", "alice", "--at", "2026-11-24T12:01:00Z", "--trace", holed()]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      "doubt\tlines-missing\tlines of server 5e1f are missing from 2026-11-24T12:00:00.000Z to 2026-11-24T12:05:00.000Z\n",
    );
    expect(stderr).toContain("1 of the lines cannot be read");
  });
});

describe("what a trace cannot tell is exit code 1:", () => {
  it.each([
    [
      "2026-11-24T13:00:00Z",
      "the trace reaches from 2026-11-24T11:59:50.000Z to 2026-11-24T12:05:00.000Z, and not 2026-11-24T13:00:00.000Z",
    ],
    ["2026-11-24T11:00:00Z", "and not 2026-11-24T11:00:00.000Z"],
  ])("at %s", async (at, message) => {
    const { exitCode, stdout, stderr } = await ask(at);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("of a stranger, in an empty file, and in one that is not there", async () => {
    const at = ["--at", "2026-11-24T12:01:00Z", "--trace"];
    expect(await runRecorded(["explain", "bob", ...at, trace()])).toMatchObject({
      exitCode: 1,
      stderr: "presence: the trace tells nothing of bob: give the traces of all servers, and of their runs before\n",
    });
    expect(await runRecorded(["explain", "bob", ...at, empty()])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("nothing in the trace"),
    });
    expect(await runRecorded(["explain", "bob", ...at, join(directory, "none")])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("cannot be read: ENOENT"),
    });
  });
});

describe("wrong usage is exit code 2:", () => {
  it.each([
    [["--at", "noon", "--trace", "x"], "--at is 'noon', which is no instant"],
    [["--at", "2026-11-24T12:00:00", "--trace", "x"], "which is no instant: write it as 2026-11-24T12:00:00Z"],
    [["--at", "-30", "--trace", "x"], "--at is '-30', which is no instant"],
    [["--at", "-30s"], "--at is given without --trace"],
    [["--trace", "x"], "--trace is given without --at"],
    [["--at", "-30s", "--trace"], "argument missing"],
  ])("%j", async (argv, message) => {
    const { exitCode, stdout, stderr } = await runRecorded(["explain", "alice", ...argv]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("a name that is none", async () => {
    expect(await runRecorded(["explain", "no id!", "--at", "-0s", "--trace", trace()])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("'no id!' is no user id"),
    });
  });
});
