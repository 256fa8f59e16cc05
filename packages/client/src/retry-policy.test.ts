import { describe, expect, it } from "vitest";
import { PresenceClientError } from "./presence-client-error.ts";
import { defaultRetryPolicy, retryDelayMs } from "./retry-policy.ts";

const unavailable = new PresenceClientError("UNAVAILABLE", "away");
const delays = (random: number) => [1, 2, 3, 4].map((attempts) => retryDelayMs(defaultRetryPolicy, unavailable, attempts, 60_000, random));

describe("the retry policy", () => {
  it("waits longer each time, between half and all of the backoff, and gives up after the last try", () => {
    expect(delays(0)).toEqual([50, 100, 200, undefined]);
    expect(delays(1)).toEqual([100, 200, 400, undefined]);
  });

  it("never waits longer than its longest wait", () => {
    expect(retryDelayMs({ ...defaultRetryPolicy, maxAttempts: 100 }, unavailable, 50, 60_000, 1)).toBe(1_000);
  });

  it("waits at least as long as the server asks for", () => {
    const asked = new PresenceClientError("UNAVAILABLE", "blind", { retryAfterMs: 700 });
    expect(retryDelayMs(defaultRetryPolicy, asked, 1, 5_000, 0)).toBe(700);
    expect(retryDelayMs(defaultRetryPolicy, asked, 1, 5_000, 1)).toBe(750);
  });

  it("does not begin a wait that ends after the deadline", () => {
    const asked = new PresenceClientError("UNAVAILABLE", "blind", { retryAfterMs: 34_000 });
    expect(retryDelayMs(defaultRetryPolicy, asked, 1, 5_000, 0)).toBeUndefined();
    expect(retryDelayMs(defaultRetryPolicy, unavailable, 1, 50, 0)).toBeUndefined();
  });

  it.each(["DEADLINE_EXCEEDED", "INVALID_ARGUMENT", "INTERNAL", "RESOURCE_EXHAUSTED", "CANCELLED"] as const)(
    "does not retry %s",
    (code) => {
      expect(retryDelayMs(defaultRetryPolicy, new PresenceClientError(code, "no"), 1, 5_000, 0)).toBeUndefined();
    },
  );
});
