import { test } from "vitest";
import { playShare } from "./histories.fixture.ts";

// A file of its own, because a file has one core.
test("the other half of the histories breaks no promise", { timeout: 240_000 }, () => playShare(2));
