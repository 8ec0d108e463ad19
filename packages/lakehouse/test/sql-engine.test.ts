import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { afterAll } from "vitest";
import { createDuckdbEngine } from "../src/adapters/duckdb-sql-engine.ts";
import { quoteText } from "../src/domain/names.ts";
import { sqlEngineSuite } from "../src/testing.ts";

const folder = mkdtempSync(join(tmpdir(), "mill-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

sqlEngineSuite("DuckDB", {
  folder,
  open: () =>
    Promise.resolve(
      createDuckdbEngine({
        folders: [folder],
        tempFolder: join(folder, "tmp"),
        memoryMb: 256,
        threads: 2,
        logger: silentLogger,
      }),
    ),
  numbers: (count) => `SELECT range AS n FROM range(${count})`,
  fileSelect: (path) => `SELECT * FROM read_parquet(${quoteText(path)})`,
  endless: "SELECT sum(hash(a.range + b.range)) AS n FROM range(100000000) AS a, range(100000000) AS b",
});
