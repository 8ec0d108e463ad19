import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import { end, millUp, type Up } from "./support/project.ts";

// Clients of the Iceberg catalog as others write them.

const { python } = inject("means");
const run = promisify(execFile);

describe.skipIf(python === undefined)("pyiceberg", () => {
  let folder: string;
  let up: Up;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mill-clients-"));
    const settings = 'import { defineProject } from "millwright";\n\nexport default defineProject({ name: "shop" });\n';
    writeFileSync(join(folder, "millwright.ts"), settings);
    up = await millUp(folder);
  }, 60_000);
  afterAll(async () => {
    await end(up);
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    "makes, lists, moves and drops namespaces, tables and views in nested namespaces",
    { timeout: 120_000 },
    async () => {
      const script = join(import.meta.dirname, "support", "nested_namespaces.py");
      await run(python ?? "", [script, `http://127.0.0.1:${up.controlPort}/iceberg`]);
    },
  );
});
