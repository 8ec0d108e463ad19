import { isMillError, type ProgressSink } from "@millwright/kernel";
import type { Lakehouse, QueryResult } from "@millwright/lakehouse";
import { compileModel } from "./dbt/compile-model.ts";
import type { DbtModel, DbtProject, DbtTest } from "./dbt/project.ts";
import { transformationErrors } from "./errors.ts";

export interface ModelPorts {
  readonly lakehouse: Lakehouse;
  readonly progress: ProgressSink;
}

export interface ModelResult {
  readonly table: string;
  readonly kind: "table" | "view";
  readonly rows: number | null;
  readonly bytes: number | null;
  /** The snapshot, or for a view the hash of what it says. */
  readonly snapshotId: string | null;
  readonly sql: string;
}

/** Builds one model: a table anew, an increment, or a view. */
export async function runModel(
  { lakehouse, progress }: ModelPorts,
  {
    project,
    model,
    fullRefresh = false,
  }: { readonly project: DbtProject; readonly model: DbtModel; readonly fullRefresh?: boolean },
): Promise<ModelResult> {
  const present = await lakehouse.table(model.name);
  const isIncremental = model.config.materialized === "incremental" && present?.kind === "table" && !fullRefresh;
  const sql = compileModel(project, model, { relation: (name) => lakehouse.relation(name), isIncremental });
  const columns = model.columns.map(({ name, description }) => ({ name, type: "", doc: description }));
  progress({ message: `building ${model.name}` });
  try {
    if (model.config.materialized === "view") {
      await lakehouse.createView({ name: model.name, select: sql, properties: { "millwright.model": model.path } });
      return { table: model.name, kind: "view", rows: null, bytes: null, snapshotId: null, sql };
    }
    const mode = !isIncremental ? "replace" : model.config.uniqueKey.length > 0 ? "merge" : "append";
    const snapshot = await lakehouse.write({
      table: model.name,
      select: sql,
      mode,
      uniqueKey: model.config.uniqueKey,
      columns,
      properties: { "millwright.model": model.path },
    });
    const bytes = Number(snapshot.summary["total-files-size"] ?? 0);
    return { table: model.name, kind: "table", rows: snapshot.rowCount, bytes, snapshotId: snapshot.snapshotId, sql };
  } catch (error) {
    throw explainSqlError(error, { model, sql });
  }
}

/** The engine's message with the model's file; the line is the compiled one, which is the file's where no tag spans lines. */
export function explainSqlError(
  error: unknown,
  { model, sql }: { readonly model: DbtModel; readonly sql: string },
): unknown {
  if (!isMillError(error) || error.code !== "lakehouse/sql-error") return error;
  const excerpt = /^LINE \d+: (.*)$/m
    .exec(error.because)?.[1]
    ?.replace(/^\.\.\.|\.\.\.$/g, "")
    .trim();
  const line = excerpt === undefined ? undefined : lineOf(model.source, excerpt);
  return transformationErrors.create("transformation/sql", {
    because: `${model.path}${line === undefined ? "" : `:${line}`}: ${error.because.split("\n")[0]}`,
    where: { file: model.path, ...(line === undefined ? {} : { line }) },
    details: { sql },
    cause: error,
  });
}

function lineOf(source: string, excerpt: string): number | undefined {
  const lines = source.split("\n");
  const part = excerpt.slice(0, 40);
  const index = lines.findIndex((line) => line.trim() !== "" && (line.includes(part) || excerpt.includes(line.trim())));
  return index === -1 ? undefined : index + 1;
}

export interface TestResult {
  readonly name: string;
  readonly model: string;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: "error" | "warning";
  readonly failures: number;
  readonly sample: QueryResult;
  readonly sql: string;
}

const SAMPLE_ROWS = 10;

/** Runs one data test: its rows are the failures. */
export async function runTest({ lakehouse }: Pick<ModelPorts, "lakehouse">, test: DbtTest): Promise<TestResult> {
  const counted = await lakehouse.query(`SELECT count(*) FROM (${test.sql}\n) AS failures`);
  const failures = Number(counted.rows[0]?.[0] ?? 0);
  const sample =
    failures === 0
      ? { columns: [], rows: [], truncated: false }
      : await lakehouse.query(test.sql, { maxRows: SAMPLE_ROWS });
  const { name, model, column, kind, severity, sql } = test;
  return { name, model, column, kind, severity, failures, sample, sql };
}
