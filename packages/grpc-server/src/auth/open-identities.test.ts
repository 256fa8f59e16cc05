import { after, type Moment, millis, type PresenceError, parseUserId, type SessionInfo, PresenceError as Thrown } from "@presence/domain";
import { beforeEach, describe, expect, test } from "vitest";
import type { Identity } from "./identity.ts";
import { OpenIdentities } from "./open-identities.ts";

const alice = parseUserId("alice");
const at = millis(1_000_000);
const watched: Moment = { now: at, aheadMs: 0, window: undefined, blindUntil: millis(0), lostAt: millis(0) };
const unwatched: Moment = { ...watched, window: { from: millis(999_000), until: after(at, 120_000) } };

let found: SessionInfo | undefined | Thrown;
let moment: Moment;
let looks: number;
let failures: unknown[];
let identities: OpenIdentities;

const session = (sessionId: string, roles?: string): SessionInfo => ({ sessionId, roles, ttlMs: undefined });

beforeEach(() => {
  found = session("s1");
  moment = watched;
  looks = 0;
  failures = [];
  identities = new OpenIdentities({
    sessions: {
      async find() {
        looks++;
        if (found instanceof Thrown) throw found;
        return found;
      },
    },
    moment: async () => moment,
    onCheckFailed: (error) => failures.push(error),
  });
  identities.tick(0);
});

/** A stream of alice's session `s1`, and how it was ended. */
function stream(more: Partial<Identity> = {}) {
  const ended: PresenceError[] = [];
  const identity: Identity = { caller: { userId: alice, roles: new Set() }, session: { userId: alice, sessionId: "s1" }, ...more };
  const close = identities.follow(identity, (error) => ended.push(error));
  return { identity, ended, close };
}

async function later(ms: number): Promise<void> {
  identities.tick(ms);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe("an open stream of a session", () => {
  test("lives while the session does", async () => {
    const { ended } = stream();
    for (let ms = 0; ms <= 30_000; ms += 100) await later(ms);
    expect(ended).toEqual([]);
    expect(looks).toBeGreaterThanOrEqual(9);
    expect(looks).toBeLessThanOrEqual(10);
  });

  test.each([
    ["was replaced", session("s2")],
    ["lost its id", { ...session("s1"), sessionId: undefined }],
    ["has an empty id", session("")],
  ])("is ended within seconds when the session %s", async (_what, now) => {
    const { ended } = stream();
    found = now;
    await later(2_900);
    expect(ended).toEqual([]);
    await later(3_000);
    expect(ended.map(({ code }) => code)).toEqual(["UNAUTHENTICATED"]);
    expect(identities.size).toBe(0);
    await later(60_000);
    expect(ended).toHaveLength(1);
  });

  test("is ended within seconds when the session has ended, and was missing twice", async () => {
    const { ended } = stream();
    found = undefined;
    await later(3_000);
    expect(ended).toEqual([]);
    await later(3_900);
    expect([ended, looks]).toEqual([[], 1]);
    await later(4_000);
    expect([ended.map(({ code }) => code), looks]).toEqual([["UNAUTHENTICATED"], 2]);
  });

  test("lives when the session was missing for a moment", async () => {
    const { ended } = stream();
    found = undefined;
    await later(3_000);
    found = session("s1");
    await later(4_000);
    found = undefined;
    await later(6_000);
    expect(ended).toEqual([]);
  });

  test("is ended at once on a hint, and a hint proves nothing", async () => {
    const { ended } = stream();
    identities.hint(alice, true);
    await later(1);
    expect([ended, looks]).toEqual([[], 1]);
    found = undefined;
    identities.hint(alice, true);
    identities.hint(parseUserId("bob"), true);
    await later(2);
    expect([ended.length, looks]).toEqual([1, 2]);
  });

  test("lives while the hash is missing inside a window, and not a moment longer", async () => {
    const { ended } = stream();
    found = undefined;
    moment = unwatched;
    await later(10_000);
    expect(ended).toEqual([]);
    moment = { ...unwatched, now: after(at, 120_000) };
    await later(20_000);
    await later(21_000);
    expect(ended).toHaveLength(1);
  });

  test("lives while writes may have been lost, before any window counts", async () => {
    const { ended } = stream();
    found = undefined;
    moment = {
      now: at,
      aheadMs: 0,
      window: { from: after(at, 5_000), until: after(at, 120_000) },
      blindUntil: after(at, 34_000),
      lostAt: at,
    };
    await later(10_000);
    await later(20_000);
    expect(ended).toEqual([]);
  });

  test("is ended by a changed session inside a window too", async () => {
    const { ended } = stream();
    found = session("s2");
    moment = unwatched;
    await later(10_000);
    expect(ended).toHaveLength(1);
  });

  test("lives while nobody can tell", async () => {
    const { ended } = stream();
    found = Thrown.unavailable("no store", 500);
    await later(10_000);
    expect([ended, failures]).toEqual([[], [found]]);
    found = undefined;
    await later(20_000);
    await later(21_000);
    expect(ended).toHaveLength(1);
  });

  test("of several sessions of one user those that are proven live, with one look for all", async () => {
    const [kept, lost] = [stream(), stream({ session: { userId: alice, sessionId: "s0" } })];
    await later(3_000);
    expect([kept.ended.length, lost.ended.length, looks]).toEqual([0, 1, 1]);
  });

  test("gains a role, and is ended when it loses one", async () => {
    const { identity, ended } = stream();
    found = session("s1", "player service");
    await later(3_000);
    expect([...identity.caller.roles]).toEqual(["service"]);
    found = session("s1", "player");
    await later(6_000);
    expect(ended).toHaveLength(1);
  });

  test("that has closed is looked at no more", async () => {
    const { close, ended } = stream();
    close();
    found = undefined;
    await later(10_000);
    await later(20_000);
    expect([ended, looks, identities.size]).toEqual([[], 0, 0]);
  });
});

test("a stream of a token ends when the token does", async () => {
  const expiresAtMs = Date.now() + 300;
  const ended: PresenceError[] = [];
  identities.follow({ caller: { userId: alice, roles: new Set() }, expiresAtMs }, (error) => ended.push(error));
  await later(1_000);
  expect(ended).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 320));
  await later(2_000);
  expect(ended.map(({ code }) => code)).toEqual(["UNAUTHENTICATED"]);
  await later(3_000);
  expect(ended).toHaveLength(1);
});

test("many users are looked at a few at a time", async () => {
  for (let user = 0; user < 100; user++) stream({ session: { userId: parseUserId(`user-${user}`), sessionId: "s1" } });
  identities.tick(3_000);
  expect(looks).toBe(32);
  for (let ms = 3_000; ms < 3_500; ms += 100) await later(ms);
  expect(looks).toBe(100);
});
