import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("of four processes that start on one SQLite file, one applies each migration", async () => {
  const folder = mkdtempSync(join(tmpdir(), "mill-migrate-"));
  const source = (path: string) => JSON.stringify(join(import.meta.dirname, "..", "src", path));
  const program = `
    const { migrate } = await import(${source("index.ts")});
    const { openSqliteDatabase } = await import(${source("adapters/sqlite-database.ts")});
    const database = openSqliteDatabase({ path: ${JSON.stringify(join(folder, "metadata.db"))} });
    const up = (name) => ({ name, up: (kysely) => kysely.schema.createTable(name).addColumn("x", "text").execute() });
    console.log(JSON.stringify(await migrate(database, [{ area: "a", migrations: ["t1", "t2", "t3"].map(up) }], 1)));
    await database.close();`;
  const runs = Array.from({ length: 4 }, () =>
    promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]),
  );
  const applied = (await Promise.all(runs)).flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(applied.toSorted()).toEqual(["a/t1", "a/t2", "a/t3"]);
  rmSync(folder, { recursive: true, force: true });
});
