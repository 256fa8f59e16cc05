import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deadlines } from "./deadlines.ts";

const key = fc.integer({ min: 0, max: 20 });
const at = fc.integer({ min: 0, max: 50 });
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("set" as const, "setEarlier" as const), key, at }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constant("pop" as const), at }),
);

describe("deadlines", () => {
  test("behave like a map that is searched for its earliest entry", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const deadlines = new Deadlines<number>();
        const model = new Map<number, number>();
        for (const next of steps) {
          if (next.kind === "set") {
            deadlines.set(next.key, next.at);
            model.set(next.key, next.at);
          } else if (next.kind === "setEarlier") {
            deadlines.setEarlier(next.key, next.at);
            model.set(next.key, Math.min(next.at, model.get(next.key) ?? next.at));
          } else if (next.kind === "delete") {
            expect(deadlines.delete(next.key)).toBe(model.delete(next.key));
          } else {
            const earliest = Math.min(...model.values());
            const popped = deadlines.pop(next.at);
            expect(popped?.at).toBe(earliest <= next.at ? earliest : undefined);
            if (popped !== undefined) expect(model.delete(popped.key)).toBe(true);
          }
          expect(deadlines.size).toBe(model.size);
          expect(deadlines.earliest).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
          for (const [known, instant] of model) expect(deadlines.get(known)).toBe(instant);
        }
      }),
      { numRuns: 300 },
    );
  });
});
