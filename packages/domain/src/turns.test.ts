import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("who shares a key waits for those before him, also for one that fails; others do not wait", async () => {
  const turns = new Turns<string>();
  const log: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const act = (name: string, until?: Promise<void>) => async () => {
    log.push(`${name} begins`);
    await until;
    log.push(`${name} ends`);
    if (name === "a1") throw new Error("a1 fails");
    return name;
  };
  const first = turns.take("a", act("a1", held));
  const second = turns.take("a", act("a2"));
  expect(await turns.take("b", act("b1"))).toBe("b1");
  release();
  await expect(first).rejects.toThrow("a1 fails");
  expect(await second).toBe("a2");
  expect(await turns.take("a", act("a3"))).toBe("a3");
  expect(log).toEqual(["a1 begins", "b1 begins", "b1 ends", "a1 ends", "a2 begins", "a2 ends", "a3 begins", "a3 ends"]);
});
