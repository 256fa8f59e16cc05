import { expect, test } from "vitest";
import { replaceBetween } from "./report-file.ts";

test("what stands between two marks is replaced, the rest stays", () => {
  const document = "# Title\n<!-- table -->\nold\n<!-- /table -->\nend\n";
  const once = replaceBetween(document, "table", "new\n\n");
  expect(once).toBe("# Title\n<!-- table -->\nnew\n<!-- /table -->\nend\n");
  expect(replaceBetween(once, "table", "new")).toBe(once);
});

test("a document without that place is refused", () => {
  expect(() => replaceBetween("# Title\n", "table", "new")).toThrow("<!-- /table -->");
});
