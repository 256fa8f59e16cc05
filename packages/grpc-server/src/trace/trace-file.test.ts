import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TraceFile, type TraceFileOptions } from "./trace-file.ts";

let directory: string;
let path: string;
let logged: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "presence-trace-"));
  path = join(directory, "trace.jsonl");
  logged = "";
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function traceFile(options: Partial<TraceFileOptions> = {}): TraceFile {
  const sink = {
    write(line: string) {
      logged += line;
    },
  };
  const log = pino({}, sink);
  return new TraceFile({ path, maxBytes: 1_000_000, log, onRotated: () => {}, ...options });
}

function linesOf(name = path): readonly string[] {
  return readFileSync(name, "utf8").split("\n");
}

test("lines stand in the file in order, and only its owner may read it", async () => {
  const file = traceFile();
  for (const line of ["a", "b", "c"]) expect(file.write(line)).toBe(true);
  await file.close();
  expect(linesOf()).toEqual(["a", "b", "c", ""]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a file that is there goes on after its last line, even one that was cut off, and is closed to others", async () => {
  writeFileSync(path, "a\nb, cut of", { mode: 0o644 });
  chmodSync(path, 0o644);
  const file = traceFile();
  file.write("c");
  await file.close();
  expect(linesOf()).toEqual(["a", "b, cut of", "c", ""]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a file that is full becomes the one before, and a new one begins", async () => {
  let rotations = 0;
  const file = traceFile({
    maxBytes: 10,
    onRotated: () => {
      rotations++;
      file.write(`start ${rotations}`);
    },
  });
  for (const line of ["first line", "second line"]) {
    file.write(line);
    await expect.poll(() => linesOf(`${path}.1`)[0] ?? "", { timeout: 5_000 }).not.toBe("");
    await sleep(20);
  }
  await file.close();
  expect(rotations).toBe(2);
  expect(linesOf(`${path}.1`)).toEqual(["start 1", "second line", ""]);
  expect(linesOf()).toEqual(["start 2", ""]);
});

test("what finds no room is refused, while what was taken waits for a disk that works again", async () => {
  path = join(directory, "not there yet", "trace.jsonl");
  const file = traceFile({ maxQueued: 10, retryMs: 10 });
  expect([file.write("12345"), file.write("67890"), file.write("x")]).toEqual([true, true, false]);
  await expect.poll(() => logged).toContain("the trace cannot be written");
  mkdirSync(join(directory, "not there yet"));
  await expect.poll(() => file.write("more"), { timeout: 5_000 }).toBe(true);
  await file.close();
  expect(linesOf()).toEqual(["12345", "67890", "more", ""]);
  expect(logged.match(/cannot be written/g)).toHaveLength(1);
});

test("an end does not wait for a disk that never works, and says that lines are lost", async () => {
  path = join(directory, "nowhere", "trace.jsonl");
  const file = traceFile({ retryMs: 60_000 });
  file.write("a");
  const began = performance.now();
  await file.close();
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(logged).toContain("could not be written");
});
