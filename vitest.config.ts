import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Tests run on the sources of every package: no build in between.
const conditions = ["source", "node", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "proto/*.test.ts", "examples/*/src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: ["test/generated-contract.ts"],
    // Real processes and sockets: one file a worker, and never fewer than two workers, since much of a test is waiting.
    pool: "forks",
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
