import { freePort } from "@presence/redis-fixture";
import { describe, expect, it } from "vitest";
import { runRecorded } from "./recorded-io.fixture.ts";
import { run } from "./run.ts";

describe("wrong usage is one line on standard error with a hint, and exit code 2:", () => {
  it.each([
    [["gte", "alice"], "unknown verb 'gte': did you mean get?"],
    [["frobnicate"], "unknown verb 'frobnicate': usage: presence <verb> [options]"],
    [["get"], "missing required argument 'users': usage: presence get [options] <users...>"],
    [["get", "alice", "--jsn"], "unknown option '--jsn': did you mean --json?"],
    [["set", "alice"], "missing required argument 'status': usage: presence set [options] <user> <status>"],
    [["set", "alice", "dnt"], "unknown status 'dnt': did you mean dnd?"],
    [["set", "alice", "busy"], "unknown status 'busy': a status is online, away, dnd or offline"],
    [["set", "alice", "dnd", "--for", "1w"], "--for is '1w', which is no duration: write it as 90s, 15m, 2h, 1d or 1h30m"],
    [["set", "alice", "dnd", "--for", "0s"], "--for is '0s', which is over at once: write it as 90s, 15m, 2h, 1d or 1h30m"],
    [["set", "alice", "dnd", "--for"], "option '--for <duration>' argument missing: usage: presence set [options] <user> <status>"],
    [["kick", "alice", "bob"], "too many arguments for 'kick'. Expected 1 argument but got 2: usage: presence kick [options] <user>"],
    [["list", "--status", "away,onlin"], "unknown status 'onlin': did you mean online?"],
    [["watch"], "nobody is named: presence watch alice bob, or presence watch --party lobby"],
    [["watch", "alice", "--party", "lobby"], "users and --party are both given: name users, or a party"],
    [["list", "--limit", "0"], "--limit is '0', which is no number of users: write it as 100, or use --all"],
    [["list", "--limit", "5", "--all"], "option '--all' cannot be used with option '--limit <number>': usage: presence list [options]"],
    [["--json"], "a verb is missing: presence --help lists them"],
    [["get", "alice", "--server", "nowhere"], "--server is 'nowhere', which is no host:port: write it as 127.0.0.1:50051"],
    [
      ["get", "alice", "--server", "unix:/run/x.sock:1"],
      "--server is 'unix:/run/x.sock:1', which is no host:port: write it as 127.0.0.1:50051",
    ],
    [["get", "alice", "--server", "localhost:65536"], "--server is 'localhost:65536', which is no host:port: write it as 127.0.0.1:50051"],
    [["set", "alice", "\u001b[31mx\ny"], "unknown status '\\u{1b}[31mx\\ny': a status is online, away, dnd or offline"],
    [
      ["get", "alice", "--x\n(Did you mean \u202e?)"],
      "unknown option '--x\\n(Did you mean \\u{202e}?)': usage: presence get [options] <users...>",
    ],
  ])("%j", async (argv, line) => {
    expect(await runRecorded(argv)).toEqual({ exitCode: 2, stdout: "", stderr: `presence: ${line}\n` });
  });

  it("no words at all print the help there", async () => {
    const { exitCode, stdout, stderr } = await runRecorded([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("Usage: presence <verb> [options]");
  });

  it("the environment is checked as well", async () => {
    expect(await runRecorded(["stats"], { env: { PRESENCE_SERVER: "x" } })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("PRESENCE_SERVER is 'x'"),
    });
    const { exitCode, stderr } = await runRecorded(["stats"], { env: { PRESENCE_TLS_CA: "/nowhere/ca.pem" } });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^presence: the file of PRESENCE_TLS_CA cannot be read: ENOENT.*\n$/);
    expect(await runRecorded(["stats"], { env: { PRESENCE_TOKEN: "s\n1" } })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("the token holds characters"),
    });
  });
});

describe("help and version", () => {
  it("go to standard output with exit code 0", async () => {
    expect(await runRecorded(["--version"])).toEqual({ exitCode: 0, stdout: "1.2.3\n", stderr: "" });
    const help = await runRecorded(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const word of ["get", "set", "party", "explain", "kick", "list", "stats", "top", "doctor", "Exit codes", "PRESENCE_TOKEN"])
      expect(help.stdout).toContain(word);
  });

  it("a verb's help names its own options and those of every verb", async () => {
    for (const argv of [
      ["set", "--help"],
      ["help", "set"],
    ]) {
      const { exitCode, stdout } = await runRecorded(argv);
      expect(exitCode).toBe(0);
      for (const option of ["--for", "--message", "--claim-only", "--json", "--server"]) expect(stdout).toContain(option);
    }
  });
});

describe("a server that is not there", () => {
  it("fails with one line that says what to do, and exit code 1", async () => {
    const server = `127.0.0.1:${await freePort()}`;
    const line = `presence: no server answers at ${server}: start one with script/server, or name another with --server\n`;
    expect(await runRecorded(["get", "alice", "--server", server])).toEqual({ exitCode: 1, stdout: "", stderr: line });
    expect(await runRecorded(["stats"], { env: { PRESENCE_SERVER: server } })).toEqual({ exitCode: 1, stdout: "", stderr: line });
  });

  it("is told in red on a terminal, unless colours are unwanted", async () => {
    const argv = ["get", "alice", "--server", `127.0.0.1:${await freePort()}`];
    expect((await runRecorded(argv, { terminal: 80 })).stderr).toContain("\u001b[31mpresence:");
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }])
      expect((await runRecorded(argv, { terminal: 80, env })).stderr).toMatch(/^presence:/);
    expect((await runRecorded([...argv, "--no-color"], { terminal: 80 })).stderr).toMatch(/^presence:/);
  });
});

describe("a reader that has gone", () => {
  const gone = {
    isTTY: false,
    columns: undefined,
    rows: undefined,
    write: async () => {
      throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    },
  };

  it("ends the command quietly", async () => {
    const io = { out: gone, err: gone, env: {}, version: "1.2.3", now: () => new Date(), interrupted: new AbortController().signal };
    expect(await run(["--help"], io)).toBe(0);
    expect(await run(["nothing"], io)).toBe(2);
  });
});

it("output that cannot be written is a failure", async () => {
  const full = {
    isTTY: false,
    columns: undefined,
    rows: undefined,
    write: async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    },
  };
  let told = "";
  const err = {
    ...full,
    write: async (text: string) => {
      told += text;
    },
  };
  expect(
    await run(["--help"], { out: full, err, env: {}, version: "1.2.3", now: () => new Date(), interrupted: new AbortController().signal }),
  ).toBe(1);
  expect(told).toBe("presence: the output cannot be written: ENOSPC: no space left on device, write\n");
});
