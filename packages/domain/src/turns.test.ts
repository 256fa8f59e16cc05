import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("who shares a key waits for those before him, also for one that fails; others do not wait", async () => {
  const turns = new Turns<string>(() => false);
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

test("where the store is away, whoever waits fails with the one before him: nobody waits for each time-out in turn", async () => {
  const away = new Error("away");
  const turns = new Turns<string>((error) => error === away);
  const carriedOut: string[] = [];
  const act = (name: string, error?: Error) => async () => {
    carriedOut.push(name);
    if (error !== undefined) throw error;
  };
  const all = [turns.take("a", act("a1", away)), turns.take("a", act("a2")), turns.take("a", act("a3"))];
  for (const one of all) await expect(one).rejects.toBe(away);
  await turns.take("a", act("a4"));
  expect(carriedOut).toEqual(["a1", "a4"]);
});
