import { copyFileSync, statSync } from "node:fs";
import type { SqlEngine } from "../../src/index.ts";

const refuse = () => Promise.reject(new Error("this engine copies one file and knows no SQL"));

/** An engine whose every table is one row: it copies a Parquet file, so that a test of commits is one of commits alone. */
export function copyingEngine(sample: string): SqlEngine {
  const engine: SqlEngine = {
    capabilities: { dialect: "duckdb", tellsTrees: false, takesParameters: false, formats: [] },
    within: () => engine,
    query: refuse,
    run: refuse,
    parse: () => Promise.resolve(undefined),
    writeFiles: refuse,
    describe: () => Promise.resolve([{ name: "k", type: "int" }]),
    // eslint-disable-next-line require-yield -- it has no rows to give
    readColumns: async function* () {
      await refuse();
    },
    // eslint-disable-next-line require-yield -- it has no rows to give
    readBytes: async function* () {
      await refuse();
    },
    writeParquet: ({ path }) => {
      copyFileSync(sample, path);
      return Promise.resolve({ path, rows: 1, bytes: statSync(path).size, columns: {} });
    },
    setRelation: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return engine;
}
