import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepSources, readSources } from "../src/functions/snapshot.ts";

test("a copy of a project's sources holds what its name says, or is none", async () => {
  const root = mkdtempSync(join(tmpdir(), "mill-sources-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const [projectDir, folder] = [join(root, "project"), join(root, "kept")];
  mkdirSync(join(projectDir, "services"), { recursive: true });
  const file = join(projectDir, "services", "fare.ts");
  writeFileSync(file, "export const price = 1;");
  const read = await readSources(projectDir);
  // Somebody saves it between the two.
  writeFileSync(file, "export const price = 2;");
  await expect(keepSources(read, { projectDir, folder })).rejects.toMatchObject({ code: "serving/wrong-function" });
  writeFileSync(file, "export const price = 1;");
  const kept = await keepSources(read, { projectDir, folder });
  expect(readFileSync(join(kept, "services", "fare.ts"), "utf8")).toBe("export const price = 1;");
});
