import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PresenceServer, runBuilt, runBuiltForHead, startPresenceServer } from "./processes.fixture.ts";
import { runRecorded } from "./recorded-io.fixture.ts";

let server: PresenceServer;
beforeEach(async () => {
  server = await startPresenceServer();
});
afterEach(() => server.stop());

/** Runs a watch until `enough` of what it has written, and ends it as Ctrl-C would. `then` runs once, when `first` is there. */
function watchUntil(
  argv: readonly string[],
  first: string,
  then: () => Promise<unknown>,
  enough: (text: string) => boolean,
  terminal?: number,
) {
  const interrupt = new AbortController();
  let begun = false;
  return runRecorded(["watch", ...argv], {
    ...(terminal !== undefined && { terminal }),
    env: { PRESENCE_SERVER: server.address, NO_COLOR: "1" },
    interrupted: interrupt.signal,
    onWrite: (text) => {
      if (!begun && text.includes(first)) {
        begun = true;
        void then();
      }
      if (enough(text)) interrupt.abort();
    },
  });
}

const set = (...words: string[]) => runBuilt(["set", ...words], { PRESENCE_SERVER: server.address });

describe("a watch", () => {
  it("prints one line an event in a pipe, until it is interrupted", async () => {
    const { exitCode, stdout, stderr } = await watchUntil(
      ["alice", "bob"],
      "snapshot\tbob",
      () => set("alice", "dnd"),
      (text) => text.includes("change\t"),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout.split("\n").map((line) => line.split("\t").slice(0, 3).join(" "))).toEqual([
      "snapshot alice OFFLINE",
      "snapshot bob OFFLINE",
      "change alice DND",
      "",
    ]);
  });

  it("prints JSON lines", async () => {
    const { stdout } = await watchUntil(
      ["alice", "--json"],
      "snapshot",
      () => set("alice", "away"),
      (text) => text.includes('"change"'),
    );
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { event: "snapshot", user: "alice", status: "OFFLINE" },
      { event: "change", user: "alice", status: "AWAY" },
    ]);
  });

  it("redraws a table on a terminal, and leaves the last one behind", async () => {
    const { exitCode, stdout } = await watchUntil(
      ["alice"],
      "live",
      () => set("alice", "dnd", "--message", "on call"),
      (text) => text.includes("● DND"),
      80,
    );
    expect(exitCode).toBe(0);
    const [, behind = ""] = stdout.split("\u001b[?1049l");
    expect(behind).toMatch(/alice +● DND .*on call/);
    expect(behind).not.toContain("\u001b");
  });

  it("says that what it shows may be old when the server goes away", async () => {
    const { exitCode, stdout } = await watchUntil(
      ["alice"],
      "snapshot",
      () => server.stop(),
      (text) => text.includes("stale"),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/\nstale\t.*going away/);
  });

  it("names what is refused, with exit code 2", async () => {
    expect(await runBuilt(["watch", "a b"], { PRESENCE_SERVER: server.address })).toMatchObject({ exitCode: 2, stdout: "" });
  });

  it("ends quietly when its reader goes away", async () => {
    const watching = runBuiltForHead(["watch", "alice"], { PRESENCE_SERVER: server.address });
    // It notices with its next line.
    const timer = setInterval(() => void set("alice", Math.random() < 0.5 ? "away" : "dnd"), 400);
    const { exitCode, stderr } = await watching;
    clearInterval(timer);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});
