import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration, pastTime, relativeTime } from "./duration.ts";

describe("a duration is read", () => {
  it.each([
    ["900ms", 900],
    ["90s", 90_000],
    ["15m", 900_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["1h30m", 5_400_000],
    ["1d2h3m4s5ms", 93_784_005],
    ["0s", 0],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "1", "h", "1 h", " 1h", "1h ", "-1h", "1.5h", "1H", "1w", "30m1h", "1h1h", "1h30", "1e3s", "٣s", "99999999999999999d"])(
    "but not %j",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

it("a duration is written in seconds below two minutes, in minutes below an hour, in two units above", () => {
  expect([0, 999, 58_400, 119_999, 120_000, 3_599_999, 3_600_000, 5_400_000, 86_400_000, 93_600_000].map(formatDuration)).toEqual([
    "0s",
    "0s",
    "58s",
    "119s",
    "2m",
    "59m",
    "1h",
    "1h30m",
    "1d",
    "1d2h",
  ]);
});

it("a time is told relative to now, the past rounded down and the future up", () => {
  const now = new Date("2030-01-01T12:00:00Z");
  const tell = (ms: number) => relativeTime(new Date(now.getTime() + ms), now);
  expect([0, -999, -1_000, -150_000, 1, 57_100, 3_599_990, -90_000_000].map(tell)).toEqual([
    "now",
    "now",
    "1s ago",
    "2m ago",
    "in 1s",
    "in 58s",
    "in 1h",
    "1d1h ago",
  ]);
});

it("what has happened is never told as still to come, whatever the clocks say", () => {
  const now = new Date("2030-01-01T12:00:00Z");
  expect(pastTime(new Date(now.getTime() + 5_000), now)).toBe("now");
  expect(pastTime(new Date(now.getTime() - 5_000), now)).toBe("5s ago");
});
