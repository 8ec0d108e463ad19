import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

// What answers requests leads to nothing that makes tables and models: its process is there all day, and others wait for its start.

const COUNT = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  await import(process.argv[1]);
  console.log(JSON.stringify(loaded));
`;

test.each(["server.ts", "inference/index.ts", "shards/index.ts"])("%s loads no lakehouse and no training", (entry) => {
  const path = join(import.meta.dirname, "..", "src", entry);
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", COUNT, path];
  const loaded = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as readonly string[];
  const others = loaded.flatMap((url) => /\/packages\/([\w-]+)\//.exec(url)?.[1] ?? []);
  expect(others.filter((name) => name === "serving").length).toBeGreaterThan(20);
  const makers = ["lakehouse", "transformation", "orchestration", "governance", "project", "ingestion", "validation"];
  expect(others.filter((name) => makers.includes(name))).toEqual([]);
  expect(loaded.filter((url) => /\/(?:kysely|fastify|typebox)\/|boosting|materialise/.test(url))).toEqual([]);
});
