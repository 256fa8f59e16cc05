import { describe, expect, test } from "vitest";
import { playShare } from "./histories.fixture.ts";
import { playHistory } from "./history.ts";

describe("the simulation", () => {
  test("one half of the histories breaks no promise", { timeout: 240_000 }, () => playShare(1));

  test("the same seed is the same history", async () => {
    expect(await playHistory(7)).toEqual(await playHistory(7));
  });
});
