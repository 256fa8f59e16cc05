import type { Finding } from "@presence/redis-adapter/doctor";
import pc from "picocolors";
import { describe, expect, it } from "vitest";
import type { Look } from "../look.ts";
import { renderFindings } from "./findings.ts";

const findings: readonly Finding[] = [
  { name: "version", node: undefined, level: "ok", found: "Redis 7.0.15", advice: undefined },
  {
    name: "sweeper",
    node: "10.0.0.1:6379",
    level: "problem",
    found: "nobody sweeps:\u001b[2J\u202e\tevil",
    advice: "start a server on this Redis, or read the log of those that run",
  },
];
const look = (format: Look["format"], colors = false): Look => ({
  format,
  colors: pc.createColors(colors),
  columns: 60,
  now: new Date("2030-01-01T12:00:00.000Z"),
});

describe("findings", () => {
  it("are lines of name, level, found and advice in a pipe", async () => {
    expect(await renderFindings(findings, look("plain"))).toBe(
      "version\tok\tRedis 7.0.15\t-\n" +
        "sweeper\tproblem\t10.0.0.1:6379: nobody sweeps:\\u{1b}[2J\\u{202e}\\tevil\tstart a server on this Redis, or read the log of those that run\n",
    );
  });

  it("are one JSON object a line", async () => {
    const text = await renderFindings(findings, look("json"));
    expect(text).not.toContain("\u001b");
    const objects = text
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(objects).toEqual([{ ...findings[0], node: null, advice: null }, findings[1]]);
  });

  it("are a table on a terminal, with what to do below", async () => {
    expect(await renderFindings(findings, look("table"))).toBe(
      [
        "CHECK    LEVEL    FOUND",
        "version  ok       Redis 7.0.15",
        "sweeper  problem  10.0.0.1:6379: nobody",
        "                  sweeps:\\u{1b}[2J\\u{202e}\\tevil",
        "                  → start a server on this Redis, or read",
        "                  the log of those that run",
        "",
      ].join("\n"),
    );
    expect(await renderFindings(findings, look("table", true))).toContain("\u001b[31mproblem\u001b[39m");
  });
});
