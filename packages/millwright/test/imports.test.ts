import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

// Whoever reads a project loads the public module first: it leads to the define functions and to nothing that does the work.

const COUNT = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  await import(process.argv[1]);
  console.log(JSON.stringify(loaded));
`;

test("the public module loads the define functions, and none of the engines, databases and servers behind them", () => {
  const index = join(import.meta.dirname, "..", "src", "index.ts");
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", COUNT, index];
  const loaded = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as readonly string[];
  expect(loaded.filter((url) => /\/(?:kysely|fastify|yaml|typebox|lakehouse|platform|governance)\//.test(url))).toEqual(
    [],
  );
  expect(loaded.filter((url) => /\/packages\//.test(url)).length).toBeLessThan(60);
});
