import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loopbackCertificate, loopbackKey, startRedis } from "@presence/redis-fixture";
import { Redis } from "ioredis";
import { beforeAll, describe, expect, it } from "vitest";
import { type Finished, type PresenceServer, runBuilt, runBuiltForHead, startPresenceServer } from "./processes.fixture.ts";
import { runRecorded } from "./recorded-io.fixture.ts";

let server: PresenceServer;
beforeAll(async () => {
  server = await startPresenceServer();
  return () => server.stop();
});

/** In a pipe, as a process of its own. */
function presence(...argv: string[]): Promise<Finished> {
  return runBuilt(argv, { PRESENCE_SERVER: server.address });
}

function onTerminal(...argv: string[]) {
  return runRecorded(argv, { terminal: 80, env: { PRESENCE_SERVER: server.address } });
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const fields = (stdout: string) => stdout.replace(/\n$/, "").split("\t");

describe("a server that asks for a certificate", () => {
  let secure: PresenceServer;
  let files: { readonly cert: string; readonly key: string };
  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), "presence-cli-"));
    files = { cert: join(directory, "cert"), key: join(directory, "key") };
    writeFileSync(files.cert, loopbackCertificate);
    writeFileSync(files.key, loopbackKey);
    const { cert, key } = files;
    secure = await startPresenceServer({ PRESENCE_TLS_CERT: cert, PRESENCE_TLS_KEY: key, PRESENCE_TLS_CLIENT_CA: cert });
    return async () => {
      await secure.stop();
      rmSync(directory, { recursive: true });
    };
  });

  it("is told it, and answers nobody who has none", async () => {
    const { cert, key } = files;
    const env = { PRESENCE_SERVER: secure.address, PRESENCE_TLS_CA: cert };
    const own = { PRESENCE_TLS_CLIENT_CERT: cert, PRESENCE_TLS_CLIENT_KEY: key };
    expect(await runBuilt(["get", "alice"], { ...env, ...own })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^alice\tOFFLINE/),
    });
    expect(await runBuilt(["get", "alice"], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("PRESENCE_TLS_CLIENT_CERT"),
    });
    expect(await runBuilt(["get", "alice"], { ...env, PRESENCE_TLS_CLIENT_CERT: cert })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("PRESENCE_TLS_CLIENT_CERT and PRESENCE_TLS_CLIENT_KEY go together"),
    });
  });
});

describe("the command in a pipe, against the real server", () => {
  it("sets a status for a while, reads it, explains it, and kicks", async () => {
    const set = await presence("set", "alice", "DND", "--for", "1h", "--message", "on call");
    expect(set).toMatchObject({ exitCode: 0, stderr: "" });
    expect(fields(set.stdout)).toEqual([
      "alice",
      "DND",
      expect.stringMatching(isoTime),
      "-",
      expect.stringMatching(isoTime),
      expect.stringMatching(/^\d{16}$/),
      "on call",
    ]);

    const get = await presence("get", "alice", "nobody");
    expect(get).toMatchObject({ exitCode: 0, stderr: "" });
    expect(get.stdout).toMatch(/^alice\tDND\t[^\n]*\ton call\nnobody\tOFFLINE\t-\t-\t-\t0\t\n$/);

    const explain = await presence("explain", "alice");
    expect(explain).toMatchObject({ exitCode: 0, stderr: "" });
    for (const line of [
      /^user\talice$/m,
      /^status\tDND$/m,
      /^because\t.+$/m,
      /^claim\tDND\t\S+Z\ton call$/m,
      /^session\t/m,
      /^next\t\S+Z\t[A-Z]+\t.+$/m,
      /^device\toperator\tlive\t/m,
    ]) {
      expect(explain.stdout).toMatch(line);
    }

    const kick = await presence("kick", "alice");
    expect(kick).toMatchObject({ exitCode: 0, stderr: "" });
    expect(fields(kick.stdout)).toEqual([
      "alice",
      "OFFLINE",
      expect.stringMatching(isoTime),
      expect.stringMatching(isoTime),
      "-",
      expect.stringMatching(/^\d{16}$/),
      "",
    ]);
  });

  it("tells everything as JSON, whether --json stands before or after the verb", async () => {
    await presence("set", "json", "away", "--message", "a\u202eb\u200bc");
    for (const argv of [
      ["--json", "get", "json", "nobody"],
      ["get", "json", "nobody", "--json"],
    ]) {
      const { exitCode, stdout } = await presence(...argv);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("a\\u202eb\\u200bc");
      const [first, second] = stdout
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line));
      expect(first).toEqual({
        user: "json",
        status: "AWAY",
        since: expect.stringMatching(isoTime),
        lastSeen: null,
        message: "a\u202eb\u200bc",
        version: expect.stringMatching(/^\d{16}$/),
        validUntil: expect.stringMatching(isoTime),
      });
      expect(second).toEqual({
        user: "nobody",
        status: "OFFLINE",
        since: null,
        lastSeen: null,
        message: "",
        version: "0",
        validUntil: null,
      });
    }
    expect(JSON.parse((await presence("explain", "json", "--json")).stdout)).toMatchObject({
      user: "json",
      claim: { status: "AWAY", until: null },
      devices: [{ device: "operator", left: false }],
    });
    expect(JSON.parse((await presence("stats", "--json")).stdout)).toMatchObject({
      counts: { AWAY: expect.any(Number) },
      devices: expect.any(Number),
      store: "memory",
    });
  });

  it("escapes what users wrote", async () => {
    await presence("set", "mallory", "dnd", "--message", "a\u202eb\u200bc");
    expect((await presence("get", "mallory")).stdout).toMatch(/\ta\\u\{202e\}b\\u\{200b\}c\n$/);
  });

  it("stores a choice only, where it is told to", async () => {
    const { stdout } = await presence("set", "claimed", "away", "--claim-only", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ user: "claimed", status: "OFFLINE", claim: { status: "AWAY", until: null, message: "" } });
  });

  it("reads more users than one call may ask for, in order", async () => {
    const users = Array.from({ length: 2_500 }, (_, index) => `many-${index}`);
    const { exitCode, stdout } = await presence("get", ...users);
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split("\t")[0]),
    ).toEqual(users);
  });

  it("lists with a limit and says that there may be more, or lists everyone", async () => {
    const users = Array.from({ length: 12 }, (_, index) => `listed-${index}`);
    for (const user of users) expect((await onTerminal("set", user, "away")).exitCode).toBe(0);
    const some = await presence("list", "--limit", "10");
    expect(some.stdout.trimEnd().split("\n")).toHaveLength(10);
    expect(some.stderr).toMatch(/^presence: 10 users are listed, and there may be more: .*--all.*\n$/);

    const away = await presence("list", "--all", "--status", "away,online", "--json");
    expect(away).toMatchObject({ exitCode: 0, stderr: "" });
    const listed = away.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { user: string; status: string });
    expect(listed.map(({ user }) => user)).toEqual(expect.arrayContaining(users));
    expect(new Set(listed.map(({ status }) => status))).toEqual(new Set(["AWAY"]));
  });

  it("tells numbers of the service", async () => {
    const { exitCode, stdout } = await presence("stats");
    expect(exitCode).toBe(0);
    for (const line of [/^ONLINE\t\d+$/m, /^OFFLINE\t\d+$/m, /^devices\t\d+$/m, /^store\tmemory$/m]) expect(stdout).toMatch(line);
  });

  it("says which word the server refuses, with exit code 2", async () => {
    expect((await presence("get", "alice", "al ice")).stderr).toMatch(/^presence: the user 'al ice' .*\n$/);
    expect(await presence("set", "al ice", "dnd")).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/^presence: the user .*\n$/),
    });
    expect(await presence("set", "alice", "dnd", "--message", "x".repeat(281))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^presence: --message .*\n$/),
    });
    expect(await presence("set", "alice", "dnd", "--message", "a\u001b[2J")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^presence: --message .*\n$/),
    });
    expect(await presence("set", "alice", "dnd", "--for", "367d")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^presence: --for .*\n$/),
    });
  });

  it("says in one line what is wrong with the words", async () => {
    expect(await presence("gte", "alice")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "presence: unknown verb 'gte': did you mean get?\n",
    });
  });

  it("ends quietly when its reader goes away", async () => {
    const users = Array.from({ length: 10_000 }, (_, index) => `reader-${index}`);
    const { exitCode, stderr } = await runBuiltForHead(["get", ...users], { PRESENCE_SERVER: server.address });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

describe("the command on a terminal, against the real server", () => {
  it("draws coloured tables with relative times", async () => {
    const set = await onTerminal("set", "terminal", "dnd", "--for", "2h", "--message", "会議中");
    expect(set).toMatchObject({ exitCode: 0, stderr: "" });
    expect(set.stdout).toContain("\u001b[31m● DND\u001b[39m");
    expect(set.stdout).toMatch(/the choice of DND ends in (2h|1h59m)/);

    const get = await onTerminal("get", "terminal", "nobody");
    expect(get.stdout).toMatch(/USER.*STATUS.*SINCE.*MAY CHANGE.*MESSAGE/);
    expect(get.stdout).toMatch(/terminal.*(now|\ds ago).*in (2m|1\d\ds).*会議中/);
    const explain = await onTerminal("explain", "terminal");
    expect(explain.stdout).toMatch(/operator.*live.*in (2m|1\d\ds)/);
    expect((await onTerminal("stats")).stdout).toContain("memory");
    expect((await onTerminal("list")).stdout).toContain("terminal");
    expect((await onTerminal("kick", "terminal")).stdout).toContain("● OFFLINE");
  });

  it("draws without colours where they are unwanted", async () => {
    for (const { argv, env } of [
      { argv: ["--no-color"], env: {} },
      { argv: [], env: { NO_COLOR: "1" } },
    ]) {
      const { stdout } = await runRecorded(["get", "nobody", ...argv], { terminal: 80, env: { PRESENCE_SERVER: server.address, ...env } });
      expect(stdout).toBe("USER    STATUS     SINCE\nnobody  ● OFFLINE  -\n");
    }
  });

  it("prints JSON there too, where it is asked for", async () => {
    expect(JSON.parse((await onTerminal("get", "nobody", "--json")).stdout)).toMatchObject({ user: "nobody" });
  });
});

describe("a party, whose members the party service keeps in Redis", () => {
  it("is listed with its counts", async () => {
    const redis = await startRedis();
    const partyService = new Redis(redis.url);
    const withRedis = await startPresenceServer({ REDIS_URL: redis.url });
    try {
      await partyService.sadd("party:lobby:members", "alice", "bob");
      const env = { PRESENCE_SERVER: withRedis.address };
      expect(await runBuilt(["set", "alice", "online"], env)).toMatchObject({ exitCode: 0, stderr: "" });
      expect((await runBuilt(["party", "lobby"], env)).stdout).toMatch(/^alice\tONLINE\t[^\n]*\nbob\tOFFLINE\t[^\n]*\n$/);
      expect((await runRecorded(["party", "lobby", "--no-color"], { terminal: 80, env })).stdout).toMatch(
        /^lobby {2}2 members: 1 ONLINE, 1 OFFLINE\n/,
      );
      const members = (await runBuilt(["party", "lobby", "--json"], env)).stdout.trimEnd().split("\n");
      expect(members.map((line): unknown => JSON.parse(line))).toMatchObject([
        { user: "alice", status: "ONLINE", party: "lobby" },
        { user: "bob", status: "OFFLINE", party: "lobby" },
      ]);
      expect(await runBuilt(["party", "empty"], env)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    } finally {
      await withRedis.stop();
      partyService.disconnect();
      await redis.stop();
    }
  });
});
