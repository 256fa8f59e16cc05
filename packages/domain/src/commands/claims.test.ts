import { describe, expect, test } from "vitest";
import { parseUserId } from "../ids.ts";
import { presenceAt, presenceNow } from "../presence.ts";
import { after, longAgo, never } from "../time.ts";
import { minute, policy, Story, second, start } from "./commands.fixture.ts";
import { connect, heartbeat, overrideStatus, reportInactivity, setStatus } from "./index.ts";

const alice = parseUserId("alice");

function seen(story: Story) {
  return presenceAt(alice, story.record, story.context);
}

describe("claims", () => {
  test("a DND with an end ends by itself, at that instant", () => {
    const story = new Story().connect("phone").set("DND", { expiresInMs: 2 * second });
    expect(presenceNow(alice, story.record, story.context).validUntil).toBe(after(start, 2 * second));
    expect(seen(story.at(2 * second - 1)).status).toBe("DND");
    expect(seen(story.at(2 * second))).toMatchObject({
      status: "ONLINE",
      since: after(start, 2 * second),
      version: after(start, 2 * second) * 1_000,
    });
  });

  test("an expired claim is not restored to what was before: the rules run again", () => {
    const story = new Story().connect("phone").set("AWAY").at(second).set("DND", { expiresInMs: second });
    expect(seen(story.at(2 * second)).status).toBe("ONLINE");
  });

  test("who set DND and comes back an hour later is DND", () => {
    const story = new Story()
      .connect("phone")
      .set("DND")
      .at(60 * minute);
    expect(seen(story).status).toBe("OFFLINE");
    expect(seen(story.connect("desktop")).status).toBe("DND");
  });

  test("a status set while nobody lives opens a lease of the device `default`", () => {
    const story = new Story().set("DND");
    expect(story.record.devices.map(({ id }) => String(id))).toEqual(["default"]);
    expect(seen(story).status).toBe("DND");
  });

  test("without a device id the most recently active live device is meant", () => {
    const story = new Story()
      .connect("old", 2 * minute)
      .connect("new", 0)
      .at(second)
      .inactivity();
    expect(seen(story).status).toBe("ONLINE");
    const idle = story.record.devices.filter(({ activeUntil }) => activeUntil <= story.now).map(({ id }) => String(id));
    expect(idle).toEqual(["new"]);
  });

  test("among devices that are equally active the one seen last is meant", () => {
    const meant = (story: Story) =>
      story
        .at(2 * second)
        .set("AWAY")
        .record.devices.find(({ lastSeen }) => lastSeen === story.now)?.id;
    expect(meant(new Story().connect("a").at(second).connect("b"))).toBe("b");
    expect(meant(new Story().connect("b").at(second).connect("a"))).toBe("a");
    expect(meant(new Story().connect("a").connect("b").at(second).heartbeat("a"))).toBe("a");
    expect(meant(new Story().connect("a", second).at(second).connect("b", minute))).toBe("a");
    expect(meant(new Story().connect("a", minute).at(second).connect("b", second))).toBe("b");
  });

  test("a device that is named is meant, whatever the others do", () => {
    const story = new Story().connect("a").connect("b", second).at(second).inactivity("b");
    expect(story.record.devices.filter(({ lastSeen }) => lastSeen === story.now).map(({ id }) => String(id))).toEqual(["b"]);
  });

  test("a claim leaves activity as it is, and ONLINE touches its own device only", () => {
    const story = new Story()
      .connect("a", 6 * minute)
      .connect("b", 6 * minute)
      .at(second)
      .set("DND", { deviceId: "a" });
    expect(seen(story.set("DND", { deviceId: "a", expiresInMs: second }).at(2 * second)).status).toBe("AWAY");
    story.set("ONLINE", { deviceId: "a" });
    expect(story.record.devices.map(({ activeUntil }) => activeUntil === never)).toEqual([true, false]);
  });

  test("a status for a device that left counts as no sign of life", () => {
    const story = new Story().connect("phone").disconnect("phone").at(second).set("DND", { deviceId: "phone" });
    expect(seen(story)).toMatchObject({ lastSeen: start });
  });

  test("the device `default` is meant first if it lives", () => {
    const story = new Story()
      .connect("default", 2 * minute)
      .connect("new")
      .at(second)
      .set("AWAY");
    expect(story.record.devices.map(({ id, lastSeen }) => [String(id), lastSeen])).toEqual([
      ["default", after(start, second)],
      ["new", start],
    ]);
  });

  test("set ONLINE makes an idle device active", () => {
    expect(
      seen(
        new Story()
          .connect("phone", 6 * minute)
          .at(second)
          .set("ONLINE"),
      ).status,
    ).toBe("ONLINE");
  });

  test("a message stands beside the status and ends with it", () => {
    const story = new Story().connect("phone").set("DND", { message: "on call", expiresInMs: minute });
    expect(seen(story)).toMatchObject({ status: "DND", message: "on call" });
    expect(seen(story.at(minute))).toMatchObject({ status: "ONLINE", message: "" });
  });

  test("a new message is a change that keeps since; the next status replaces it", () => {
    const story = new Story().connect("phone").at(second).set("ONLINE", { message: "a" });
    expect(seen(story)).toMatchObject({ since: start, version: after(start, second) * 1_000, message: "a" });
    expect(seen(story.at(2 * second).set("ONLINE"))).toMatchObject({
      since: start,
      version: after(start, 2 * second) * 1_000,
      message: "",
    });
  });

  test("a message alone may have an end", () => {
    const story = new Story().connect("phone").set("ONLINE", { message: "back soon", expiresInMs: second });
    expect(presenceNow(alice, story.record, story.context).validUntil).toBe(after(start, second));
    expect(seen(story.at(second))).toMatchObject({ status: "ONLINE", since: start, message: "", version: after(start, second) * 1_000 });
  });

  test("a message is hidden while OFFLINE and back with the next connect", () => {
    const story = new Story().connect("phone").set("DND", { message: "on call" }).at(second).disconnect("phone");
    expect(seen(story)).toMatchObject({ status: "OFFLINE", message: "" });
    expect(seen(story.connect("phone"))).toMatchObject({ status: "DND", message: "on call" });
  });

  test("a status repeated by a retry changes nothing more", () => {
    const story = new Story().connect("phone").at(second).set("DND", { message: "m" });
    const first = seen(story);
    expect(seen(story.at(2 * second).set("DND", { message: "m" }))).toEqual(first);
    expect(story.decision.moves).toEqual([]);
  });
});

describe("invisible", () => {
  test("last seen is fixed at the switch, and nothing shows through", () => {
    const story = new Story()
      .connect("phone")
      .at(30 * second)
      .set("OFFLINE");
    const shown = seen(story);
    expect(shown).toMatchObject({ status: "OFFLINE", since: after(start, 30 * second), lastSeen: after(start, 30 * second) });
    story
      .at(60 * second)
      .heartbeat("phone")
      .at(90 * second)
      .heartbeat("phone", 6 * minute)
      .connect("desktop")
      .at(100 * second)
      .disconnect("phone");
    expect(presenceNow(alice, story.record, story.context)).toEqual({ presence: shown, validUntil: undefined });
    expect(presenceAt(alice, story.record, story.at(10 * minute).context)).toEqual(shown);
  });

  test("the end of the claim does not move last seen of a user who is gone", () => {
    const story = new Story()
      .connect("phone")
      .at(30 * second)
      .set("OFFLINE", { expiresInMs: 10 * minute });
    const shown = seen(story);
    story.at(60 * second).heartbeat("phone");
    expect(seen(story.at(20 * minute).sweep())).toEqual(shown);
    expect(seen(story.override("ONLINE"))).toEqual(shown);
  });

  test("set OFFLINE opens nothing", () => {
    const story = new Story().set("OFFLINE");
    expect(story.record).toMatchObject({ devices: [], claim: { status: "OFFLINE", until: never } });
    expect(seen(story)).toMatchObject({ status: "OFFLINE", lastSeen: undefined, since: undefined, version: 0 });
  });

  test("a message set while invisible stays hidden", () => {
    const story = new Story().connect("phone").set("OFFLINE").at(second);
    const shown = seen(story);
    expect(seen(story.set("OFFLINE", { message: "secret", expiresInMs: minute }))).toEqual(shown);
    expect(shown.message).toBe("");
  });

  test("the end of an invisible user's claim or message is not foretold", () => {
    const story = new Story().connect("phone").set("OFFLINE", { message: "secret", expiresInMs: minute });
    expect(presenceNow(alice, story.record, story.context).validUntil).toBeUndefined();
    expect(seen(story.at(minute))).toMatchObject({ status: "ONLINE", since: after(start, minute) });
  });
});

describe("sessions", () => {
  const bound = () => new Story().withSession(true).connect("phone");

  test("a session that ends takes all devices with it", () => {
    const story = bound().connect("desktop").withSession(false).at(second).sessionEnded();
    expect(seen(story)).toMatchObject({ status: "OFFLINE", since: after(start, second), lastSeen: start });
    expect(story.heartbeat("desktop").decision.refusal).toBe("DEVICE_DISCONNECTED");
  });

  test("a new login is not ended by an old notification", () => {
    const story = bound();
    const before = story.record;
    expect(story.sessionEnded(true).record).toBe(before);
  });

  test("a record that never knew a session is not ended by its absence", () => {
    const story = new Story().connect("phone");
    const before = story.record;
    expect(story.sessionEnded(true).record).toBe(before);
  });

  test("without notifications the next sign of life finds the logout", () => {
    const story = bound().withSession(false).at(second).heartbeat("phone");
    expect(story.decision.refusal).toBe("DEVICE_DISCONNECTED");
    expect(seen(story)).toMatchObject({ status: "OFFLINE", since: after(start, second), lastSeen: start });
  });

  test("no device of a logged-out user comes back by heartbeat or status, an unknown one neither", () => {
    const story = bound().withSession(false).at(second).sessionEnded();
    expect(story.at(60 * minute).heartbeat("tablet").decision.refusal).toBe("DEVICE_DISCONNECTED");
    expect(seen(story.set("ONLINE")).status).toBe("OFFLINE");
    expect(seen(story.withSession(true).connect("phone")).status).toBe("ONLINE");
  });

  test("a record becomes bound at the first sign of life that finds a session", () => {
    const story = new Story().connect("phone").withSession(true).at(second).heartbeat("phone");
    expect(story.record.bound).toBe(true);
    expect(new Story().connect("phone").withSession(true).set("DND").record.bound).toBe(true);
  });

  test("where sessions are required, nothing happens without one", () => {
    const strict = { ...policy, sessionRequired: true };
    const story = new Story();
    const context = { ...story.context, policy: strict };
    expect(story.record.lastSeen).toBe(longAgo);
    for (const decision of strictly(context))
      expect(decision).toMatchObject({ refusal: "SESSION_REQUIRED", next: story.record, moves: [] });
  });
});

describe("operators", () => {
  test("an override is no sign of life: it renews nothing", () => {
    const story = new Story()
      .connect("phone")
      .at(60 * second)
      .override("DND");
    expect(seen(story).status).toBe("DND");
    expect(seen(story.at(policy.leaseTtlMs))).toMatchObject({ status: "OFFLINE", lastSeen: start });
  });

  test("ensure online opens a lease of the device `operator` only if no device lives", () => {
    expect(seen(new Story().override("DND")).status).toBe("OFFLINE");
    const story = new Story().override("DND", { ensureOnline: true });
    expect(seen(story).status).toBe("DND");
    expect(story.record.devices.map(({ id }) => String(id))).toEqual(["operator"]);
    expect(new Story().connect("phone").override("AWAY", { ensureOnline: true }).record.devices).toHaveLength(1);
  });

  test("OFFLINE opens nothing for an operator either, and another status leaves activity as it is", () => {
    expect(new Story().override("OFFLINE", { ensureOnline: true }).record.devices).toEqual([]);
    const story = new Story().connect("phone", 6 * minute).override("DND", { expiresInMs: second });
    expect(seen(story.at(second)).status).toBe("AWAY");
  });

  test("ONLINE by an operator touches one device", () => {
    const story = new Story()
      .connect("a", 6 * minute)
      .connect("b", 7 * minute)
      .override("ONLINE");
    expect(story.record.devices.map(({ activeUntil }) => activeUntil === never)).toEqual([true, false]);
  });

  test("kicking a user who is not there writes nothing", () => {
    const story = new Story().connect("phone").disconnect("phone").at(second);
    const before = story.record;
    expect(story.kick().record).toBe(before);
  });

  test("ONLINE by an operator makes an idle user active", () => {
    expect(
      seen(
        new Story()
          .connect("phone", 6 * minute)
          .at(second)
          .override("ONLINE"),
      ).status,
    ).toBe("ONLINE");
  });
});

function strictly(context: Story["context"]) {
  const record = new Story().record;
  const deviceId = new Story().connect("phone").record.devices[0]?.id;
  if (deviceId === undefined) throw new Error("no device");
  return [
    connect(record, { deviceId, idleForMs: undefined, holder: undefined }, context),
    heartbeat(record, { deviceId, idleForMs: undefined, holder: undefined }, context),
    setStatus(record, { deviceId, status: "DND", expiresInMs: undefined, message: "" }, context),
    reportInactivity(record, deviceId, context),
    overrideStatus(record, { status: "DND", expiresInMs: undefined, message: "", ensureOnline: true }, context),
  ];
}
