import { expect, test, vi } from "vitest";

test("another service embeds presence and lists a party", async () => {
  const printed: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  try {
    await import("./main.ts");
  } finally {
    log.mockRestore();
  }
  expect(printed).toEqual(["alice is DND: on call", "bob is AWAY", "carol is OFFLINE", "0 ONLINE, 1 AWAY, 1 DND, 1 OFFLINE"]);
});
