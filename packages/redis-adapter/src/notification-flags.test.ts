import { expect, test } from "vitest";
import { withNeededFlags } from "./notification-flags.ts";

test.each([
  ["", "KExegs"],
  ["Kxe", "KxeEgs"],
  ["Kl", "KlExegs"],
  ["AK", "AKE"],
  ["gxeE", "gxeEKs"],
])("flags are added to %j and none is taken away", (current, wanted) => {
  expect(withNeededFlags(current)).toBe(wanted);
});

test.each(["KExegs", "AKE", "lhzKExegstd"])("nothing is missing in %j", (current) => {
  expect(withNeededFlags(current)).toBeUndefined();
});
