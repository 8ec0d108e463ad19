import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePoint } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";
import { payloadFolder, shadowFolder } from "./log-folders.ts";

export const PREDICTIONS_TABLE = "predictions";
const SHADOWS_TABLE = "shadow_predictions";
const PAYLOADS_TABLE = "inference_payloads";

interface LoggedTable {
  readonly table: string;
  /** What `at_ms` becomes. */
  readonly at: string;
  /** As DuckDB reads them. Those that were added stand after the time. */
  readonly columns: string;
  /** Columns that the table has not had from the beginning: they are added to one that lacks them, at its end. */
  readonly added: readonly string[];
}

const PREDICTIONS: LoggedTable = {
  table: PREDICTIONS_TABLE,
  at: "predicted_at",
  columns: `{id: 'VARCHAR', at_ms: 'BIGINT', service: 'VARCHAR', model: 'VARCHAR', model_version: 'INTEGER', request: 'VARCHAR', features: 'VARCHAR', feature_times: 'VARCHAR', missing: 'VARCHAR', stale: 'VARCHAR', probability: 'DOUBLE', prediction: 'VARCHAR', probabilities: 'VARCHAR', latency_us: 'BIGINT', variant: 'VARCHAR', experiment: 'VARCHAR'}`,
  added: ["variant", "experiment"],
};
const SHADOWS: LoggedTable = {
  table: SHADOWS_TABLE,
  at: "predicted_at",
  columns: `{id: 'VARCHAR', at_ms: 'BIGINT', service: 'VARCHAR', variant: 'VARCHAR', model: 'VARCHAR', model_version: 'INTEGER', answered_version: 'VARCHAR', probability: 'DOUBLE', prediction: 'VARCHAR', answered_probability: 'DOUBLE', answered_prediction: 'VARCHAR', difference: 'DOUBLE', agrees: 'BOOLEAN', error: 'VARCHAR', latency_us: 'BIGINT'}`,
  added: [],
};
const PAYLOADS: LoggedTable = {
  table: PAYLOADS_TABLE,
  at: "requested_at",
  columns: `{id: 'VARCHAR', at_ms: 'BIGINT', client_request_id: 'VARCHAR', model_name: 'VARCHAR', model_version: 'VARCHAR', asked_by: 'VARCHAR', status_code: 'INTEGER', execution_time_us: 'BIGINT', request: 'VARCHAR', request_truncated: 'BOOLEAN', response: 'VARCHAR', response_truncated: 'BOOLEAN', error: 'VARCHAR', sampling_fraction: 'DOUBLE', trace_id: 'VARCHAR', metadata: 'VARCHAR'}`,
  added: [],
};
const SEGMENT = "millwright.segment";

/** Commits the sealed segments of the logs of predictions, of shadows and of payloads to their tables, each once, then removes them. */
export async function commitSegments(lakehouse: Lakehouse, folder: string): Promise<number> {
  const committed = await commitLogged(lakehouse, folder, PREDICTIONS);
  await commitLogged(lakehouse, shadowFolder(folder), SHADOWS);
  await commitLogged(lakehouse, payloadFolder(folder), PAYLOADS);
  return committed;
}

async function commitLogged(lakehouse: Lakehouse, folder: string, logged: LoggedTable): Promise<number> {
  const { table, at, columns, added } = logged;
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".jsonl")).toSorted();
  // Rows lie beside others of the same columns alone.
  if (names.length > 0 && (await lakehouse.table(table)) !== undefined)
    await lakehouse.addColumns(
      table,
      added.map((column) => ({ name: column, type: "string" })),
    );
  const last = added.map((name) => `, ${quoteName(name)}`).join("");
  let committed = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await isCommitted(lakehouse, table, name))) {
      const source = `read_json(${quoteText(path)}, format = 'newline_delimited', columns = ${columns}, ignore_errors = true)`;
      const select = `SELECT * EXCLUDE (at_ms${last}), make_timestamp(at_ms * 1000) AS ${quoteName(at)}${last} FROM ${source} WHERE id IS NOT NULL`;
      const before = (await lakehouse.table(table))?.rowCount ?? 0;
      const snapshot = await lakehouse.write({ table, select, mode: "append", summary: { [SEGMENT]: name } });
      committed += snapshot.rowCount - before;
    }
    writePoint("serving/commit/before-remove");
    await rm(path, { force: true });
  }
  return committed;
}

/** A segment whose commit was not seen to end may have been committed: its name is in the snapshot's summary. */
async function isCommitted(lakehouse: Lakehouse, table: string, segment: string): Promise<boolean> {
  if ((await lakehouse.table(table)) === undefined) return false;
  return (await lakehouse.history(table)).some(({ summary }) => summary[SEGMENT] === segment);
}
