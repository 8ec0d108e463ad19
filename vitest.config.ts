import { defineConfig } from "vitest/config";
import { findMeans } from "./e2e/support/means.ts";
import { LongestFirst } from "./scripts/lib/longest-first.ts";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "e2e/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/.mill/**"],
    // Bounds for what hangs, not for what is slow: a machine may be busy with more.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Tests wait for processes more than they work.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    provide: {
      means: findMeans({ root: import.meta.dirname, path: process.env["PATH"] ?? "" }),
      full: process.env["MILL_FULL"] === "1",
    },
  },
});
