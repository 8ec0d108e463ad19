import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeTypes } from "../src/index.ts";

test("types that several renew at the same moment are one of theirs, whole, and nothing is left beside", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-types-"));
  const names = { table: [], model: [], feature: [], service: [], monitor: [] };
  const texts = Array.from({ length: 20 }, (_, index) => `// ${index}\n`.repeat(2_000));
  await Promise.all(texts.map((text) => writeTypes(folder, text, { names })));
  expect(texts).toContain(readFileSync(join(folder, ".mill", "generated", "types.d.ts"), "utf8"));
  expect(readdirSync(join(folder, ".mill", "generated")).toSorted()).toEqual(["names.json", "types.d.ts"]);
  rmSync(folder, { recursive: true });
});
