import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { silentLogger } from "@millwright/kernel";
import type { SqlEngine } from "@millwright/lakehouse";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";

const MEMORY_MB = 2_048;

/** An engine that reads one file's folder and belongs to no project. What it needs on disk is removed with it. */
export async function withFileEngine<Result>(
  path: string,
  work: (engine: SqlEngine, scratchFolder: string) => Promise<Result>,
): Promise<Result> {
  const scratchFolder = await mkdtemp(join(tmpdir(), "mill-file-"));
  const engine = createDuckdbEngine({
    folders: [dirname(resolve(path)), scratchFolder],
    tempFolder: join(scratchFolder, "tmp"),
    memoryMb: MEMORY_MB,
    threads: availableParallelism(),
    logger: silentLogger,
  });
  try {
    return await work(engine, scratchFolder);
  } finally {
    await engine.close();
    await rm(scratchFolder, { recursive: true, force: true });
  }
}
