import { freePort } from "@presence/redis-fixture";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PresenceServer, runBuilt, runBuiltForHead, startPresenceServer } from "./processes.fixture.ts";
import { runRecorded } from "./recorded-io.fixture.ts";

let server: PresenceServer;
beforeEach(async () => {
  server = await startPresenceServer();
});
afterEach(() => server.stop());

/** Runs it until `enough` of what it has written, and ends it as Ctrl-C would. */
function topUntil(enough: (text: string) => boolean, argv: readonly string[] = [], terminal?: number) {
  const interrupt = new AbortController();
  return runRecorded(["top", ...argv], {
    ...(terminal !== undefined && { terminal }),
    env: { PRESENCE_SERVER: server.address, NO_COLOR: "1" },
    interrupted: interrupt.signal,
    onWrite: (text) => {
      if (enough(text)) interrupt.abort();
    },
  });
}

const lines = (text: string) => text.trimEnd().split("\n");

describe("the numbers of the service, as they change", () => {
  it("are one line a second in a pipe, until it is interrupted", async () => {
    await runBuilt(["set", "alice", "dnd"], { PRESENCE_SERVER: server.address });
    const startedAt = performance.now();
    const { exitCode, stdout, stderr } = await topUntil((text) => lines(text).length === 3);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    for (const line of lines(stdout)) expect(line).toMatch(/^\d{4}-\S+Z\t0\t0\t1\t0\t1\t0\t\d+\tLIVE$/);
  });

  it("are one JSON object a second", async () => {
    const { stdout } = await topUntil((text) => lines(text).length === 2, ["--json"]);
    const objects = lines(stdout).map((line): unknown => JSON.parse(line));
    for (const object of objects)
      expect(object).toMatchObject({ at: expect.stringMatching(/Z$/), counts: { DND: 0 }, devices: 0, feed: "LIVE" });
  });

  it("redraw themselves on a terminal, and leave the last ones behind", async () => {
    const { exitCode, stdout } = await topUntil((text) => text.split("live; Ctrl-C ends").length === 3, [], 80);
    expect(exitCode).toBe(0);
    const [screen = "", behind = ""] = stdout.split("\u001b[?1049l");
    expect(screen.startsWith("\u001b[?1049h\u001b[HONLINE ")).toBe(true);
    expect(behind).toMatch(/^ONLINE +0\n(.*\n)*sweep lag +\d+ ms\n/);
    expect(behind).not.toContain("\u001b");
  });

  it("are called old while the server does not answer", async () => {
    let stopped: Promise<void> | undefined;
    const onTerminal = await topUntil(
      (text) => {
        if (text.includes("live")) stopped ??= server.stop();
        return text.includes("this is old: the server does not answer; trying again");
      },
      [],
      80,
    );
    await stopped;
    expect(onTerminal.exitCode).toBe(0);
  });
});

it("a server that is not there is said at once, with exit code 1", async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  expect(await runBuilt(["top"], { PRESENCE_SERVER: nobody })).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("no server answers"),
  });
});

it("it ends quietly when its reader goes away", async () => {
  const { exitCode, stderr } = await runBuiltForHead(["top"], { PRESENCE_SERVER: server.address });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});
