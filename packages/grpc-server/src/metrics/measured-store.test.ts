import {
  type Commit,
  type DueClaim,
  longAgo,
  type Millis,
  type Moment,
  millis,
  never,
  PresenceError,
  type PresenceStore,
  parseUserId,
  presencePolicy,
  unknownRecord,
} from "@presence/domain";
import { memoryAdapter } from "@presence/memory-adapter";
import { beforeEach, describe, expect, test } from "vitest";
import { parseExposition } from "./exposition.fixture.ts";
import { measuredStore } from "./measured-store.ts";
import { Metrics } from "./metrics.ts";
import { observedStore } from "./observed-store.ts";
import { Scrape } from "./scrape.fixture.ts";

let metrics: Metrics;
let inner: PresenceStore;
let store: PresenceStore;
beforeEach(() => {
  metrics = new Metrics({ version: "1", store: "memory" });
  inner = memoryAdapter({ policy: presencePolicy() }).store;
  store = observedStore(inner, measuredStore(metrics));
});

const look = async () => new Scrape(parseExposition(await metrics.registry.metrics()));
const at = (ms: number) => millis(ms);

function claimAt(moment: Partial<Moment> & { readonly now: Millis }): Promise<DueClaim> {
  inner.claimDue = async () => ({
    moment: { aheadMs: 0, window: undefined, blindUntil: longAgo, lostAt: longAgo, ...moment },
    userIds: [],
    lagMs: 0,
  });
  return store.claimDue(1);
}

describe("guards against false OFFLINE", () => {
  const guard = async (name: string) => {
    const found = await look();
    return [
      found.value("presence_false_expiry_guards_total", { guard: name }),
      found.value("presence_false_expiry_guard_active", { guard: name }),
    ];
  };

  test("a window is counted when it opens and when it is prolonged, not while it lasts", async () => {
    await claimAt({ now: at(1_000) });
    expect(await guard("window")).toEqual([0, 0]);
    await claimAt({ now: at(10_000), window: { from: at(6_000), until: at(130_000) } });
    await claimAt({ now: at(10_250), window: { from: at(6_000), until: at(130_000) } });
    expect(await guard("window")).toEqual([1, 1]);
    await claimAt({ now: at(60_000), window: { from: at(6_000), until: at(180_000) } });
    expect(await guard("window")).toEqual([2, 1]);
    await claimAt({ now: at(180_001), window: { from: at(6_000), until: at(180_000) } });
    expect(await guard("window")).toEqual([2, 0]);
  });

  test("a window that was over before this server came is none", async () => {
    await claimAt({ now: at(200_000), window: { from: at(6_000), until: at(180_000) } });
    expect(await guard("window")).toEqual([0, 0]);
  });

  test("a blind period is counted once", async () => {
    await claimAt({ now: at(10_000), blindUntil: at(44_000) });
    await claimAt({ now: at(10_250), blindUntil: at(44_000) });
    expect(await guard("blind")).toEqual([1, 1]);
    await claimAt({ now: at(44_000), blindUntil: at(44_000) });
    expect(await guard("blind")).toEqual([1, 0]);
  });
});

describe("what a store is asked", () => {
  test("an outage is counted once, however many sweeps fail, and its end as well", async () => {
    const claimDue = inner.claimDue.bind(inner);
    for (let outage = 0; outage < 2; outage++) {
      inner.claimDue = () => Promise.reject(PresenceError.unavailable("away", 100));
      for (let sweep = 0; sweep < 3; sweep++) await expect(store.claimDue(1)).rejects.toThrow("away");
      inner.claimDue = claimDue;
      await store.claimDue(1);
    }
    const found = await look();
    expect(found.value("presence_store_outages_total")).toBe(2);
    expect(found.value("presence_store_recoveries_total")).toBe(2);
    expect(found.value("presence_store_request_duration_seconds_count", { operation: "claim_due", outcome: "unavailable" })).toBe(6);
    expect(found.value("presence_store_requests_in_flight")).toBe(0);
  });

  test("only moves of commits that were written are counted, each with its cause", async () => {
    const commit: Commit = {
      userId: parseUserId("alice"),
      expectedRevision: 0,
      record: { ...unknownRecord, revision: 1, since: at(1_000) },
      keepForMs: 1_000,
      due: undefined,
      session: false,
      signOfLife: false,
      event: undefined,
      staleFrom: never,
      moves: [
        { from: "ONLINE", to: "AWAY", cause: "went-idle" },
        { from: "AWAY", to: "OFFLINE", cause: "lease-lapsed" },
      ],
      decidedAt: at(1_400),
    };
    inner.commit = async () => ["committed", "conflict", "stale", new PresenceError("INTERNAL", "broken")];
    await store.commit([commit, commit, commit, commit]);
    const found = await look();
    expect(found.value("presence_transitions_total", { from: "ONLINE", to: "AWAY", cause: "went-idle" })).toBe(1);
    expect(found.value("presence_transitions_total", { from: "AWAY", to: "OFFLINE", cause: "lease-lapsed" })).toBe(1);
    expect(found.value("presence_offline_delay_seconds_sum")).toBe(0.4);
  });

  test("the store answers as before", async () => {
    const users = [parseUserId("alice")];
    expect((await store.load(users)).entries).toEqual((await inner.load(users)).entries);
    expect(store.name).toBe("memory");
    expect(await store.lead("task", 1_000)).toBe(true);
    expect((await store.scan(undefined, 10)).users).toEqual([]);
  });
});
