import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePoint } from "@millwright/kernel";
import { quoteName, quoteText, type Lakehouse } from "@millwright/lakehouse";

export const PREDICTIONS_TABLE = "predictions";

const COLUMNS = `{id: 'VARCHAR', at_ms: 'BIGINT', service: 'VARCHAR', model: 'VARCHAR', model_version: 'INTEGER', request: 'VARCHAR', features: 'VARCHAR', feature_times: 'VARCHAR', missing: 'VARCHAR', stale: 'VARCHAR', probability: 'DOUBLE', prediction: 'VARCHAR', probabilities: 'VARCHAR', latency_us: 'BIGINT', variant: 'VARCHAR', experiment: 'VARCHAR'}`;
/** Columns that the table has not had from the beginning: they are added to one that lacks them, at its end. */
const ADDED = ["variant", "experiment"] as const;
const SEGMENT = "millwright.segment";

/** Commits the sealed segments of the prediction log to the table `predictions`, each once, then removes them. */
export async function commitSegments(lakehouse: Lakehouse, folder: string): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".jsonl")).toSorted();
  if (names.length > 0) await addColumns(lakehouse);
  let committed = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await isCommitted(lakehouse, name))) {
      const source = `read_json(${quoteText(path)}, format = 'newline_delimited', columns = ${COLUMNS}, ignore_errors = true)`;
      const select = `SELECT * EXCLUDE (at_ms, ${ADDED.join(", ")}), make_timestamp(at_ms * 1000) AS predicted_at, ${ADDED.join(", ")} FROM ${source} WHERE id IS NOT NULL`;
      const before = (await lakehouse.table(PREDICTIONS_TABLE))?.rowCount ?? 0;
      const snapshot = await lakehouse.write({
        table: PREDICTIONS_TABLE,
        select,
        mode: "append",
        summary: { [SEGMENT]: name },
      });
      committed += snapshot.rowCount - before;
    }
    writePoint("serving/commit/before-remove");
    await rm(path, { force: true });
  }
  return committed;
}

/** Rows lie beside others of the same columns alone. */
async function addColumns(lakehouse: Lakehouse): Promise<void> {
  const present = (await lakehouse.table(PREDICTIONS_TABLE))?.columns;
  if (present === undefined) return;
  for (const column of ADDED) {
    if (present.some(({ name }) => name === column)) continue;
    await lakehouse.execute(`ALTER TABLE ${quoteName(PREDICTIONS_TABLE)} ADD COLUMN ${quoteName(column)} VARCHAR`);
  }
}

/** A segment whose commit was not seen to end may have been committed: its name is in the snapshot's summary. */
async function isCommitted(lakehouse: Lakehouse, name: string): Promise<boolean> {
  if ((await lakehouse.table(PREDICTIONS_TABLE)) === undefined) return false;
  return (await lakehouse.history(PREDICTIONS_TABLE)).some(({ summary }) => summary[SEGMENT] === name);
}
