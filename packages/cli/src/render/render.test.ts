import type { Explanation, Party, Presence, Stats } from "@presence/client";
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { displayWidth } from "../display-width.ts";
import type { Look } from "../look.ts";
import { renderExplanation } from "./explanation.ts";
import { renderParty } from "./party.ts";
import { renderChange, renderPresences } from "./presence.ts";
import { renderStats } from "./stats.ts";

const now = new Date("2030-01-01T12:00:00.000Z");
const at = (seconds: number) => new Date(now.getTime() + seconds * 1_000);
const look = (format: Look["format"], change: Partial<Look> = {}): Look => ({
  format,
  colors: pc.createColors(false),
  columns: 80,
  now,
  ...change,
});

const alice: Presence = {
  userId: "alice",
  status: "DND",
  since: at(-150),
  lastSeen: undefined,
  message: "on call",
  version: 1_893_499_050_000_000n,
  validUntil: at(57.2),
};
const bob: Presence = {
  userId: "bob",
  status: "OFFLINE",
  since: at(-7_200),
  lastSeen: at(-7_320),
  message: "",
  version: 3n,
  validUntil: undefined,
};
const nobody: Presence = {
  userId: "nobody",
  status: "OFFLINE",
  since: undefined,
  lastSeen: undefined,
  message: "",
  version: 0n,
  validUntil: undefined,
};
const hostileMessage = "\u001b[2J\u202eevil\u200b\ttab\nline";
const mallory: Presence = { ...alice, userId: "mallory", message: hostileMessage };
const wide: Presence = {
  ...alice,
  userId: "yuki",
  message: "会議中です。あとで連絡してください。よろしくお願いします。それではまた明日 👩‍💻",
};

const unseen = /[\p{Cc}\p{Cf}]/u;
const withoutNewlines = (text: string) => text.replaceAll("\n", "");

describe("in a pipe", () => {
  it("a presence is a line of fields between tabs, in a fixed order, with times in ISO 8601 and - for none", async () => {
    expect(await renderPresences([alice, bob, nobody], look("plain"))).toBe(
      [
        "alice\tDND\t2030-01-01T11:57:30.000Z\t-\t2030-01-01T12:00:57.200Z\t1893499050000000\ton call\n",
        "bob\tOFFLINE\t2030-01-01T10:00:00.000Z\t2030-01-01T09:58:00.000Z\t-\t3\t\n",
        "nobody\tOFFLINE\t-\t-\t-\t0\t\n",
      ].join(""),
    );
  });

  it("what users wrote makes no field, no line and no terminal code", async () => {
    expect(await renderPresences([mallory], look("plain"))).toMatch(
      /^mallory\t.*\t\\u\{1b\}\[2J\\u\{202e\}evil\\u\{200b\}\\ttab\\nline\n$/,
    );
  });

  it("a party is its members, and a change is the user", async () => {
    const party: Party = { partyId: "lobby", members: [alice, bob], counts: { ONLINE: 0, AWAY: 0, DND: 1, OFFLINE: 1 } };
    expect(await renderParty(party, look("plain"))).toBe(await renderPresences([alice, bob], look("plain")));
    expect(await renderChange(alice, { status: "DND", until: undefined, message: "" }, look("plain"))).toBe(
      await renderPresences([alice], look("plain")),
    );
  });

  it("no users are no output", async () => {
    for (const format of ["plain", "json", "table"] as const) expect(await renderPresences([], look(format))).toBe("");
  });
});

describe("as JSON", () => {
  it("a presence is one object a line, with every key", async () => {
    const lines = (await renderPresences([alice, nobody], look("json"))).split("\n");
    expect(lines.map((line) => (line === "" ? undefined : JSON.parse(line)))).toEqual([
      {
        user: "alice",
        status: "DND",
        since: "2030-01-01T11:57:30.000Z",
        lastSeen: null,
        message: "on call",
        version: "1893499050000000",
        validUntil: "2030-01-01T12:00:57.200Z",
      },
      { user: "nobody", status: "OFFLINE", since: null, lastSeen: null, message: "", version: "0", validUntil: null },
      undefined,
    ]);
  });

  it("what users wrote is exact, and still harmless", async () => {
    const text = await renderPresences([mallory], look("json"));
    expect(withoutNewlines(text)).not.toMatch(unseen);
    expect(JSON.parse(text)).toMatchObject({ message: hostileMessage });
  });

  it("a change tells the choice too, and a member its party", async () => {
    expect(JSON.parse(await renderChange(alice, { status: "DND", until: at(60), message: "on call" }, look("json")))).toMatchObject({
      user: "alice",
      claim: { status: "DND", until: "2030-01-01T12:01:00.000Z", message: "on call" },
    });
    expect(JSON.parse(await renderChange(bob, undefined, look("json")))).toMatchObject({ user: "bob", claim: null });
    const party: Party = { partyId: "lobby", members: [alice], counts: { ONLINE: 0, AWAY: 0, DND: 1, OFFLINE: 0 } };
    expect(JSON.parse(await renderParty(party, look("json")))).toMatchObject({ user: "alice", party: "lobby" });
  });
});

describe("on a terminal", () => {
  it("presences are a table with relative times", async () => {
    expect(await renderPresences([alice, bob, nobody], look("table"))).toBe(
      [
        "USER    STATUS     SINCE   LAST SEEN  MAY CHANGE  MESSAGE\n",
        "alice   ● DND      2m ago  -          in 58s      on call\n",
        "bob     ● OFFLINE  2h ago  2h2m ago   -\n",
        "nobody  ● OFFLINE  -       -          -\n",
      ].join(""),
    );
  });

  it("columns that nobody fills are left out", async () => {
    expect(await renderPresences([nobody], look("table"))).toBe("USER    STATUS     SINCE\nnobody  ● OFFLINE  -\n");
  });

  it("statuses have colours", async () => {
    const colors = pc.createColors(true);
    const table = await renderPresences(
      [alice, { ...alice, status: "ONLINE" }, { ...alice, status: "AWAY" }, bob],
      look("table", { colors }),
    );
    for (const painted of [colors.red("● DND"), colors.green("● ONLINE"), colors.yellow("● AWAY"), colors.dim("● OFFLINE")])
      expect(table).toContain(painted);
  });

  it("wide characters take their two columns, and a long message is wrapped inside the terminal", async () => {
    const table = await renderPresences([wide, alice], look("table", { columns: 60 }));
    const lines = table.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
    const left = (lines[0] ?? "").indexOf("MESSAGE");
    for (const line of lines.slice(2, -1)) expect(line.slice(0, left).trim()).toBe("");
    const message = lines.slice(1, -1).map((line) => line.slice(left));
    expect(message.join("").replaceAll(" ", "")).toBe(wide.message.replaceAll(" ", ""));
  });

  it("what users wrote acts on nothing", async () => {
    expect(withoutNewlines(await renderPresences([mallory], look("table")))).not.toMatch(unseen);
  });

  it("a choice that waits for a device says so", async () => {
    expect(await renderChange(bob, { status: "AWAY", until: at(3_599.9), message: "" }, look("table"))).toContain(
      "the choice of AWAY ends in 1h; it shows when a device connects\n",
    );
  });

  it("a party begins with its counts", async () => {
    const party: Party = { partyId: "lobby", members: [alice, bob], counts: { ONLINE: 0, AWAY: 0, DND: 1, OFFLINE: 1 } };
    expect(await renderParty(party, look("table"))).toMatch(/^lobby {2}2 members: 1 DND, 1 OFFLINE\nUSER /);
    expect(await renderParty({ partyId: "empty", members: [], counts: { ONLINE: 0, AWAY: 0, DND: 0, OFFLINE: 0 } }, look("table"))).toBe(
      "empty  no members\n",
    );
  });
});

describe("an explanation", () => {
  const explanation: Explanation = {
    presence: alice,
    claim: { status: "DND", until: at(3_600), message: "on call" },
    devices: [
      { deviceId: "phone", leaseUntil: at(100), activeUntil: undefined, attached: true, left: false },
      { deviceId: "desk", leaseUntil: at(90), activeUntil: at(-5), attached: false, left: false },
      { deviceId: "tablet", leaseUntil: undefined, activeUntil: undefined, attached: false, left: true },
    ],
    session: { exists: true, bound: true, ttlMs: 100_000 },
    because: "The user chose DND.",
    next: { at: at(100), status: "OFFLINE", because: "the last lease ends" },
  };

  it("names devices, leases, claim, session, reason and what is next", async () => {
    expect(await renderExplanation(explanation, look("table"))).toBe(
      [
        "alice  ● DND\n",
        "  because    The user chose DND.\n",
        "  since      2m ago (2030-01-01T11:57:30.000Z)\n",
        "  message    on call\n",
        "  claim      DND, ends in 1h: on call\n",
        "  session    exists, ends in 100s; its end ends the devices\n",
        "  next       in 100s OFFLINE: the last lease ends\n",
        "  version    1893499050000000\n",
        "\n",
        "DEVICE  STATE     LEASE ENDS  IDLE\n",
        "phone   attached  in 100s     not reported\n",
        "desk    live      in 90s      idle\n",
        "tablet  left      -           -\n",
      ].join(""),
    );
  });

  it("is a line for each part in a pipe", async () => {
    expect((await renderExplanation(explanation, look("plain"))).split("\n")).toEqual([
      "user\talice",
      "status\tDND",
      "since\t2030-01-01T11:57:30.000Z",
      "lastSeen\t-",
      "validUntil\t2030-01-01T12:00:57.200Z",
      "version\t1893499050000000",
      "message\ton call",
      "because\tThe user chose DND.",
      "claim\tDND\t2030-01-01T13:00:00.000Z\ton call",
      "session\texists\tbound\t100000ms",
      "next\t2030-01-01T12:01:40.000Z\tOFFLINE\tthe last lease ends",
      "device\tphone\tlive\tattached\t2030-01-01T12:01:40.000Z\t-",
      "device\tdesk\tlive\tunattached\t2030-01-01T12:01:30.000Z\t2030-01-01T11:59:55.000Z",
      "device\ttablet\tleft\tunattached\t-\t-",
      "",
    ]);
  });

  it("is one object as JSON, and tells where there is nothing", async () => {
    const nothing: Explanation = {
      presence: nobody,
      claim: undefined,
      devices: [],
      session: { exists: false, bound: false, ttlMs: undefined },
      because: "Nothing is known.",
      next: undefined,
    };
    expect(JSON.parse(await renderExplanation(nothing, look("json")))).toMatchObject({
      user: "nobody",
      claim: null,
      devices: [],
      session: { exists: false, bound: false, ttlMs: null },
      next: null,
    });
    expect(await renderExplanation(nothing, look("table"))).toContain("nothing changes by time alone");
  });

  it("lets nothing from outside act on the terminal", async () => {
    const hostile: Explanation = {
      ...explanation,
      presence: mallory,
      because: hostileMessage,
      claim: { status: "DND", until: undefined, message: hostileMessage },
      devices: [{ deviceId: hostileMessage, leaseUntil: now, activeUntil: now, attached: false, left: false }],
      next: { at: now, status: "AWAY", because: hostileMessage },
    };
    for (const format of ["table", "plain", "json"] as const) {
      expect(withoutNewlines(await renderExplanation(hostile, look(format))).replaceAll("\t", "")).not.toMatch(unseen);
    }
  });
});

describe("the service at a glance", () => {
  const stats: Stats = {
    counts: { ONLINE: 1_200, AWAY: 2, DND: 0, OFFLINE: 7 },
    devices: 1_300,
    watchStreams: 4,
    sweepLagMs: 12.4,
    feed: undefined,
    uptimeMs: 5_400_000,
    version: "1.2.3\u001b",
    store: "redis",
  };

  it("is a name and a value a line", () => {
    expect(renderStats(stats, look("table"))).toContain("ONLINE     1,200\n");
    expect(renderStats(stats, look("table"))).toContain("uptime     1h30m\n");
    expect(renderStats(stats, look("plain"))).toBe(
      "ONLINE\t1200\nAWAY\t2\nDND\t0\nOFFLINE\t7\ndevices\t1300\nwatchStreams\t4\nsweepLagMs\t12.4\nfeed\t-\nuptimeMs\t5400000\nversion\t1.2.3\\u{1b}\nstore\tredis\n",
    );
    expect(JSON.parse(renderStats(stats, look("json")))).toEqual({ ...stats, feed: null });
  });
});
