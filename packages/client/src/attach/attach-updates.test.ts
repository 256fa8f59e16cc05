import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { failure, phone, short, start, streamOf, told } from "./attachment.fixture.ts";
import type { Attachment } from "./attachment.ts";
import {
  change,
  joined,
  left,
  live,
  partySnapshot,
  presence,
  refusal,
  type ScriptedStream,
  snapshot,
  stale,
} from "./scripted-attach-server.fixture.ts";

describe("what is told", () => {
  async function watching(): Promise<{ stream: ScriptedStream; attached: Attachment }> {
    const { server, attached } = await start();
    await attached.watch({ userIds: ["bob", "carol"], partyIds: ["lobby"] });
    return { stream: await streamOf(server), attached };
  }

  test("is what a watch tells, of users and of parties", async () => {
    const { stream, attached } = await watching();
    const said = [snapshot(presence("bob")), partySnapshot("lobby", presence("dave", 4n)), stale, live];
    for (const one of [...said, change(presence("bob", 2n)), change(presence("dave", 5n)), joined("lobby", presence("eve"))])
      stream.say(one);
    stream.say(left("lobby", "dave"));
    const lines: string[] = [];
    for await (const update of attached.updates()) {
      lines.push(short(update));
      if (update.kind === "left") break;
    }
    // The state was not read in between: the last one counts.
    expect(lines.filter((line) => line !== "stale")).toEqual([
      "[bob1]",
      "lobby [dave4]",
      "live",
      "bob2",
      "dave5",
      "lobby +eve1",
      "lobby -dave",
    ]);
  });

  test("is never older than what was told, nor of somebody who is watched no more", async () => {
    const { stream, attached } = await watching();
    for (const one of [snapshot(presence("bob", 5n), presence("carol", 5n)), change(presence("bob", 4n)), change(presence("bob", 5n))]) {
      stream.say(one);
    }
    await attached.unwatch({ userIds: ["carol"], partyIds: ["lobby"] });
    for (const one of [change(presence("carol", 6n)), joined("lobby", presence("eve")), change(presence("eve", 7n))]) stream.say(one);
    stream.say(change(presence("bob", 6n)));
    expect(await told(attached, 2)).toEqual(["[bob5 carol5]", "bob6"]);
  });

  test("to a slow reader is the last state of each user, once", async () => {
    const { stream, attached } = await watching();
    stream.say(snapshot(presence("bob"), presence("carol")));
    for (let version = 2n; version <= 5_000n; version++) stream.say(change(presence("bob", version)));
    await attached.unwatch({ userIds: ["nobody"] });
    expect(await told(attached, 2)).toEqual(["[bob1 carol1]", "bob5000"]);
  });

  test("is which device was lost; it is not connected again", async () => {
    const { server, attached } = await start();
    await attached.connect(phone);
    const stream = await streamOf(server);
    stream.say(refusal(status.FAILED_PRECONDITION, phone));
    expect(await told(attached, 1)).toEqual(["alice/phone DEVICE_DISCONNECTED"]);
    expect((await failure(attached.activity(phone))).reason).toBe("DEVICE_DISCONNECTED");
    stream.fail(status.UNAVAILABLE);
    expect(await told(attached, 2)).toEqual(["lost UNAVAILABLE", "resumed"]);
    expect(server.streams[1]?.said("connect")).toEqual([]);
  });

  test("is that a watch has ended by itself", async () => {
    const { stream, attached } = await watching();
    stream.say(refusal(status.RESOURCE_EXHAUSTED));
    expect(await told(attached, 1)).toEqual(["no watch RESOURCE_EXHAUSTED"]);
  });

  test("has one reader at a time", async () => {
    const { attached } = await watching();
    const first = attached.updates();
    const waiting = first.next();
    await expect(attached.updates().next()).rejects.toThrow("being read already");
    await attached.close();
    expect((await waiting).done).toBe(true);
  });
});
