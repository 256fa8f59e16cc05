import { describe, expect, test } from "vitest";
import { parseUserId } from "../ids.ts";
import { presenceAt, presenceNow } from "../presence.ts";
import { maxDevices, unknownRecord } from "../record.ts";
import { after } from "../time.ts";
import { contextAt, device, minute, policy, Story, second, start } from "./commands.fixture.ts";
import { connect, disconnect, drop, heartbeat } from "./index.ts";

const alice = parseUserId("alice");

function seen(story: Story) {
  return presenceAt(alice, story.record, story.context);
}

describe("leases", () => {
  test("a device lives for exactly one lease after its last sign of life", () => {
    const story = new Story()
      .connect("phone")
      .at(60 * second)
      .heartbeat("phone");
    expect(seen(story.at(60 * second + policy.leaseTtlMs - 1)).status).toBe("ONLINE");
    const offline = seen(story.at(60 * second + policy.leaseTtlMs));
    expect(offline).toMatchObject({ status: "OFFLINE", since: after(start, 180 * second), lastSeen: after(start, 60 * second) });
    expect(offline.version).toBe(after(start, 180 * second) * 1_000);
  });

  test("a lease, a grace and the memory of who left are longer by what the clock may be behind", () => {
    const behind = (ms: number) => contextAt(after(start, ms), { aheadMs: 70 });
    const connected = connect(unknownRecord, { deviceId: device("phone"), idleForMs: undefined, holder: "stream" }, behind(0)).next;
    expect(connected.devices).toMatchObject([{ leaseUntil: after(start, policy.leaseTtlMs + 70), lastSeen: start }]);
    const renewed = heartbeat(connected, { deviceId: device("phone"), idleForMs: undefined, holder: "stream" }, behind(second)).next;
    expect(renewed.devices).toMatchObject([{ leaseUntil: after(start, second + policy.leaseTtlMs + 70) }]);
    const dropped = drop(renewed, [device("phone")], "stream", behind(second)).next;
    expect(dropped.devices).toMatchObject([{ leaseUntil: after(start, second + policy.graceMs + 70) }]);
    const left = disconnect(dropped, device("phone"), behind(second)).next;
    expect(left.left).toMatchObject([{ until: after(start, second + policy.leaseTtlMs + 70) }]);
  });

  test("a second device keeps the user ONLINE", () => {
    const story = new Story()
      .connect("phone")
      .at(30 * second)
      .connect("desktop")
      .at(60 * second)
      .disconnect("phone");
    expect(seen(story).status).toBe("ONLINE");
    expect(story.decision.moves).toEqual([]);
    expect(seen(story.at(150 * second)).status).toBe("OFFLINE");
  });

  test("a laptop that woke up is connected again by its heartbeat", () => {
    const story = new Story()
      .connect("laptop")
      .at(60 * minute)
      .heartbeat("laptop");
    expect(seen(story)).toMatchObject({ status: "ONLINE", since: after(start, 60 * minute) });
    expect(story.decision.moves.map(({ from, to, cause }) => [from, to, cause])).toEqual([
      ["ONLINE", "OFFLINE", "lease-lapsed"],
      ["OFFLINE", "ONLINE", "heartbeat"],
    ]);
  });

  test("a heartbeat does not resurrect a logged-out device, however often it comes", () => {
    const story = new Story().connect("phone").disconnect("phone");
    for (let minutes = 1; minutes < 30; minutes++) {
      story.at(minutes * minute).heartbeat("phone");
      expect(story.decision.refusal).toBe("DEVICE_DISCONNECTED");
      expect(seen(story)).toMatchObject({ status: "OFFLINE", since: start, lastSeen: start });
    }
    expect(seen(story.connect("phone")).status).toBe("ONLINE");
  });

  test("a device that left is forgotten a lease after its last attempt", () => {
    const story = new Story()
      .connect("phone")
      .disconnect("phone")
      .at(100 * second)
      .heartbeat("phone");
    expect(story.at(100 * second + policy.leaseTtlMs).heartbeat("phone").decision.refusal).toBeUndefined();
  });

  test("a kicked user's devices are refused, and none is brought back by a status", () => {
    const story = new Story().connect("phone").connect("desktop").kick();
    expect(seen(story)).toMatchObject({ status: "OFFLINE", since: start });
    expect(story.at(second).heartbeat("desktop").decision.refusal).toBe("DEVICE_DISCONNECTED");
    expect(seen(story.set("DND", { deviceId: "phone" })).status).toBe("OFFLINE");
    expect(story.record.claim?.status).toBe("DND");
    expect(seen(story.connect("phone")).status).toBe("DND");
  });

  test("only the device that left is refused, and only until it connects", () => {
    const story = new Story().connect("phone").connect("desktop").disconnect("phone").disconnect("tablet");
    expect(story.at(second).heartbeat("desktop").decision.refusal).toBeUndefined();
    story.connect("phone");
    expect(story.record.left.map(({ id }) => String(id))).toEqual(["tablet"]);
    expect(story.at(2 * second).heartbeat("phone").decision.refusal).toBeUndefined();
  });

  test("devices that left are remembered once each, and as many as there may be devices", () => {
    const story = new Story();
    for (let index = 0; index <= maxDevices; index++) story.disconnect(`device-${index}`).disconnect(`device-${index}`);
    expect(story.record.left).toHaveLength(maxDevices);
    expect(story.record.left[0]?.id).toBe("device-1");
  });

  test("logging out is the last sign of life of a device that lives, and none of another", () => {
    const story = () => new Story().connect("phone").connect("desktop");
    expect(
      seen(
        story()
          .at(second)
          .disconnect("phone")
          .at(2 * second)
          .disconnect("desktop"),
      ),
    ).toMatchObject({ lastSeen: after(start, 2 * second) });
    expect(
      seen(
        story()
          .at(second)
          .disconnect("tablet")
          .at(2 * second)
          .kick(),
      ),
    ).toMatchObject({ lastSeen: start });
  });

  test("last seen is the latest sign of life of any device, also of one that lapsed before the last one", () => {
    const story = new Story()
      .connect("phone", undefined, "s")
      .at(50 * second)
      .heartbeat("phone")
      .drop("phone", "s")
      .at(50 * second + 1)
      .inactivity();
    expect(seen(story.at(10 * minute)).lastSeen).toBe(after(start, 50 * second + 1));
    const two = new Story()
      .connect("desktop")
      .at(60 * second)
      .connect("phone", undefined, "s")
      .drop("phone", "s");
    expect(seen(two.at(100 * second))).toMatchObject({ status: "ONLINE" });
    expect(seen(two.at(120 * second))).toMatchObject({
      status: "OFFLINE",
      since: after(start, 120 * second),
      lastSeen: after(start, 60 * second),
    });
  });

  test("a lease that ends while the user is invisible does not move last seen", () => {
    const story = new Story()
      .connect("phone")
      .set("OFFLINE", { expiresInMs: 10 * minute })
      .at(second)
      .connect("desktop");
    for (let minutes = 1; minutes < 10; minutes++)
      story
        .at(minutes * minute)
        .heartbeat("phone")
        .heartbeat("desktop");
    expect(seen(story.at(20 * minute))).toMatchObject({
      status: "OFFLINE",
      since: after(start, 11 * minute),
      lastSeen: after(start, 9 * minute),
    });
  });

  test("a second connect of a device replaces the first", () => {
    const story = new Story()
      .connect("phone")
      .connect("desktop")
      .at(second)
      .connect("phone", 6 * minute);
    expect(story.record.devices.map(({ id, lastSeen }) => [String(id), lastSeen])).toEqual([
      ["phone", after(start, second)],
      ["desktop", start],
    ]);
  });

  test("a drop leaves the grace, and a reconnect within it is invisible", () => {
    const story = new Story()
      .connect("phone", undefined, "stream-1")
      .at(10 * second)
      .drop("phone", "stream-1");
    expect(story.decision.next.version).toBe(start * 1_000);
    story.at(20 * second).connect("phone", undefined, "stream-2");
    expect(seen(story)).toMatchObject({ status: "ONLINE", since: start, version: start * 1_000 });
  });

  test("without a reconnect the grace ends in OFFLINE, last seen when it last spoke", () => {
    const story = new Story()
      .connect("phone", undefined, "stream-1")
      .at(10 * second)
      .drop("phone", "stream-1");
    expect(seen(story.at(30 * second))).toMatchObject({ status: "OFFLINE", since: after(start, 30 * second), lastSeen: start });
  });

  test("a drop after a reconnect elsewhere changes nothing", () => {
    const story = new Story()
      .connect("phone", undefined, "stream-1")
      .at(10 * second)
      .connect("phone", undefined, "stream-2");
    const before = story.record;
    expect(story.drop("phone", "stream-1").record).toBe(before);
  });

  test("a stream renews what it holds, and nothing that was connected elsewhere since", () => {
    const story = new Story()
      .connect("phone", undefined, "stream-1")
      .at(10 * second)
      .heartbeat("phone", undefined, "stream-1");
    expect(story.record.devices[0]).toMatchObject({ leaseUntil: after(start, 130 * second), holder: "stream-1" });
    const moved = story.connect("phone", undefined, "stream-2").record;
    expect(story.at(20 * second).heartbeat("phone", undefined, "stream-1").decision.refusal).toBe("SUPERSEDED");
    expect(story.record).toBe(moved);
  });

  test("a stream that lived through an outage registers its lapsed device again", () => {
    const story = new Story()
      .connect("phone", undefined, "stream-1")
      .at(10 * minute)
      .heartbeat("phone", undefined, "stream-1");
    expect(story.record.devices[0]).toMatchObject({ holder: "stream-1" });
    expect(seen(story).status).toBe("ONLINE");
  });

  test("a drop never makes a lease longer", () => {
    const story = new Story()
      .connect("phone", undefined, "s")
      .at(policy.leaseTtlMs - second)
      .drop("phone", "s");
    expect(seen(story.at(policy.leaseTtlMs)).status).toBe("OFFLINE");
  });

  test("one device more than fit replaces the one whose lease ends first", () => {
    const story = new Story();
    for (let index = 0; index <= maxDevices; index++) story.at(index).connect(`device-${index}`);
    expect(story.record.devices.map(({ id }) => String(id))).toEqual(
      Array.from({ length: maxDevices }, (_, index) => `device-${index + 1}`),
    );
  });

  test("a clock that runs backwards ends nothing and takes nothing back", () => {
    const story = new Story().at(minute).connect("phone");
    const version = seen(story).version;
    story.at(0).heartbeat("phone");
    expect(story.record.devices[0]?.leaseUntil).toBe(after(start, minute + policy.leaseTtlMs));
    expect(seen(story)).toMatchObject({ status: "ONLINE", since: after(start, minute), version });
    expect(seen(story.at(-minute).set("DND"))).toMatchObject({ status: "DND", since: after(start, minute), version: version + 1 });
  });
});

describe("idleness", () => {
  test("an idle heartbeat makes AWAY, the next active one ONLINE", () => {
    const story = new Story()
      .connect("phone", 0)
      .at(30 * second)
      .heartbeat("phone", 6 * minute);
    expect(seen(story)).toMatchObject({ status: "AWAY", since: after(start, 30 * second) });
    expect(seen(story.at(60 * second).heartbeat("phone", 0))).toMatchObject({ status: "ONLINE", since: after(start, 60 * second) });
  });

  test("a device that reports idleness goes AWAY by time alone, at the instant itself", () => {
    const story = new Story().connect("phone", second);
    for (let minutes = 1; minutes <= 6; minutes++) story.at(minutes * minute).heartbeat("phone");
    expect(seen(story)).toMatchObject({ status: "AWAY", since: after(start, policy.idleAfterMs - second) });
  });

  test("a device that never reports idleness stays active while it lives", () => {
    const story = new Story().connect("phone");
    for (let minutes = 1; minutes <= 60; minutes++) story.at(minutes * minute).heartbeat("phone");
    expect(seen(story)).toMatchObject({ status: "ONLINE", since: start });
  });

  test("inactivity under DND shows nothing, and AWAY once DND ends", () => {
    const story = new Story().connect("phone").set("DND", { expiresInMs: minute }).inactivity("phone");
    expect(seen(story).status).toBe("DND");
    expect(seen(story.at(minute))).toMatchObject({ status: "AWAY", since: after(start, minute) });
  });

  test("inactivity of a device that does not live is nothing", () => {
    const story = new Story().connect("phone").at(10 * minute);
    const before = story.record;
    expect(story.inactivity("phone").record).toBe(before);
    expect(story.inactivity().record).toBe(before);
  });

  test("inactivity that finds the session binds to it, and one that finds it gone ends it", () => {
    const story = new Story().connect("phone").withSession(true).inactivity("phone");
    expect(story.record.bound).toBe(true);
    expect(seen(story.withSession(false).at(second).inactivity("phone")).status).toBe("OFFLINE");
  });

  test("each end of activity has its cause", () => {
    const causeOf = (story: Story) => story.sweep().decision.moves.map(({ cause, to }) => `${to} ${cause}`);
    expect(causeOf(new Story().connect("phone", 4 * minute).at(minute))).toEqual(["AWAY went-idle"]);
    expect(
      causeOf(
        new Story()
          .connect("phone")
          .at(second)
          .connect("desktop", 6 * minute)
          .at(120 * second),
      ),
    ).toEqual(["AWAY lease-lapsed"]);
    expect(
      causeOf(
        new Story()
          .connect("phone", 4 * minute)
          .at(second)
          .connect("desktop", 4 * minute)
          .at(minute),
      ),
    ).toEqual([]);
    expect(causeOf(new Story().connect("phone").set("AWAY", { expiresInMs: minute }).at(minute))).toEqual(["ONLINE claim-expired"]);
    expect(
      causeOf(
        new Story()
          .connect("phone", 6 * minute)
          .set("DND", { expiresInMs: minute })
          .at(minute),
      ),
    ).toEqual(["AWAY claim-expired"]);
  });

  test("inactivity leaves claim and message as they are", () => {
    const story = new Story().connect("phone").set("ONLINE", { message: "here" }).inactivity();
    expect(seen(story)).toMatchObject({ status: "AWAY", message: "here" });
  });

  test("validUntil is the instant at which it goes AWAY, then the end of the lease", () => {
    const story = new Story().connect("phone", 4 * minute + 30 * second);
    expect(presenceNow(alice, story.record, story.context).validUntil).toBe(after(start, 30 * second));
    story.at(30 * second);
    expect(presenceNow(alice, story.record, story.context).validUntil).toBe(after(start, policy.leaseTtlMs));
  });
});

describe("windows", () => {
  test("a lease that would end while nobody watched lives until the window ends", () => {
    const story = new Story().connect("phone").unwatched(100 * second, 300 * second);
    expect(seen(story.at(200 * second)).status).toBe("ONLINE");
    expect(seen(story.at(300 * second))).toMatchObject({ status: "OFFLINE", since: after(start, 300 * second) });
  });

  test("a lease that ended before the window, ended", () => {
    const story = new Story().connect("phone").unwatched(120 * second, 300 * second);
    expect(seen(story.at(200 * second))).toMatchObject({ status: "OFFLINE", since: after(start, 120 * second) });
  });

  test("an app that says it is idle is believed in a window too", () => {
    const story = new Story()
      .connect("phone")
      .unwatched(second, 200 * second)
      .at(100 * second);
    expect(seen(story.inactivity("phone")).status).toBe("AWAY");
    expect(seen(story.heartbeat("phone", 0)).status).toBe("ONLINE");
    expect(seen(story.heartbeat("phone", 5 * minute + second)).status).toBe("AWAY");
  });

  test("claims and messages keep plain time in a window", () => {
    const story = new Story()
      .connect("phone")
      .set("DND", { expiresInMs: 110 * second })
      .unwatched(100 * second, 300 * second);
    expect(seen(story.at(110 * second))).toMatchObject({ status: "ONLINE", since: after(start, 110 * second) });
  });

  test("a missing session in a window unbinds; only a deletion that was seen ends it there", () => {
    const bound = () =>
      new Story()
        .withSession(true)
        .connect("phone")
        .withSession(false)
        .unwatched(second, 200 * second)
        .at(minute);
    expect(seen(bound().sessionEnded())).toMatchObject({ status: "ONLINE" });
    expect(bound().sessionEnded().record.bound).toBe(false);
    expect(seen(bound().heartbeat("phone")).status).toBe("ONLINE");
    expect(seen(bound().sessionEnded(true)).status).toBe("OFFLINE");
  });
});
