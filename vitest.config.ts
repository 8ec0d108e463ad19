import { defineConfig } from "vitest/config";
import { findMeans } from "./e2e/support/means.ts";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "e2e/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/.mill/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    provide: {
      means: findMeans({ root: import.meta.dirname, path: process.env["PATH"] ?? "" }),
      full: process.env["MILL_FULL"] === "1",
    },
  },
});
