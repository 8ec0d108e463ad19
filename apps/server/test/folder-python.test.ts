import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderPython } from "../src/folder-python.ts";
import { projectEnvironment } from "../src/project-python.ts";

// In which Python the models of a folder run.

let root: string;
const PROJECT = `
import { defineProject } from "millwright";

export default defineProject({
  name: "with_python",
  python: { interpreter: "./env", workers: 2, scale: { min: 0, max: 3, windowSeconds: 90 }, requestTimeoutSeconds: 5 },
});
`;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "mill-folder-python-"));
  for (const folder of ["env/bin", "models", "other/bin", "node_modules"])
    mkdirSync(join(root, folder), { recursive: true });
  for (const place of ["env", "other"]) writeFileSync(join(root, place, "bin", "python"), "", { mode: 0o755 });
  writeFileSync(join(root, "millwright.ts"), PROJECT);
  const clone = join(import.meta.dirname, "..", "..", "..");
  symlinkSync(join(clone, "packages", "millwright"), join(root, "node_modules", "millwright"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("it is the one of the project around them, with its workers", async () => {
  const { interpreter, ...told } = await folderPython({ folder: join(root, "models") })();
  expect(await interpreter()).toBe(join(root, "env", "bin", "python"));
  expect(await projectEnvironment({ projectDir: root, python: { interpreter: "./env" }, path: "" }).describe()).toBe(
    join(root, "env", "bin", "python"),
  );
  expect(told).toEqual({
    workers: 2,
    parameters: { "min-scale": "0", "max-scale": "3", window: "90s", "request-timeout": "5s" },
  });
});

test("one that is named goes before it, and so does a file of requirements in the folder", async () => {
  const folder = join(root, "models");
  const { interpreter } = await folderPython({ folder, python: join(root, "other") })();
  expect(await interpreter()).toBe(join(root, "other", "bin", "python"));
  const file = join(folder, "requirements.txt");
  writeFileSync(file, "-r more-that-is-not-there.txt\n");
  const listed = await folderPython({ folder })();
  await expect(listed.interpreter()).rejects.toMatchObject({ code: "inference/no-python" });
  rmSync(file);
});
