import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import type { TrainingMatrix } from "../../src/index.ts";

const NOT_FEATURES = new Set(["departed_at", "late", "delay", "origin", "destination", "known_at", "label"]);

/** Rows of the flights example's training table, once its road has been taken. Columns of text and time are left out. */
export async function flightsMatrix(projectDir: string, where: string): Promise<TrainingMatrix> {
  const folder = join(projectDir, ".mill", "lake", "main", "late_flights_training", "data");
  const tempFolder = mkdtempSync(join(tmpdir(), "mill-matrix-"));
  const engine = createDuckdbEngine({
    folders: [folder],
    tempFolder,
    memoryMb: 3_000,
    threads: 2,
    logger: silentLogger,
  });
  const from = `FROM read_parquet('${folder}/*.parquet') WHERE ${where}`;
  try {
    const described = await engine.query(`DESCRIBE SELECT * ${from}`);
    const features = described.rows.flatMap(([name, type]) =>
      typeof name === "string" && !NOT_FEATURES.has(name) && /FLOAT|DOUBLE|INT/.test(JSON.stringify(type))
        ? [name]
        : [],
    );
    const counted = await engine.query(`SELECT count(*) ${from}`);
    const rows = Number(counted.rows[0]?.[0]);
    const column = () => new Float32Array(new SharedArrayBuffer(rows * 4));
    const [labels, columns] = [column(), features.map(column)];
    const chosen = ["late", ...features].map((name) => `"${name}"::float AS "${name}"`).join(", ");
    let at = 0;
    for await (const batch of engine.readColumns(
      `SELECT ${chosen} ${from} ORDER BY departed_at, origin, destination`,
    )) {
      [labels, ...columns].forEach((target, index) => {
        const { values, valid } = batch.columns[index] ?? { values: [] };
        for (let row = 0; row < batch.rows; row += 1)
          target[at + row] = valid?.[row] === 0 ? Number.NaN : Number(values[row]);
      });
      at += batch.rows;
    }
    return { features, rows, columns, labels };
  } finally {
    await engine.close();
    rmSync(tempFolder, { recursive: true, force: true });
  }
}
