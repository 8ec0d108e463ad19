import { join } from "node:path";
import type { BenchResult } from "./bench-result.ts";
import { median, openBenchLake, timed, type BenchLake } from "./support/lake.ts";

export const long = true;

/** `MILL_BENCH_ROWS` asks for fewer in the larger table. */
const ROWS_MAX = Number(process.env["MILL_BENCH_ROWS"] ?? 10_000_000);
const ROUNDS = 3;

type Session = ReturnType<BenchLake["engineOf"]>;

/**
 * Rows merged into a table a hundred times as long, half of them new, as deletes by position and new files; beside the
 * engine's own MERGE on a table of its own. Then what a scan takes more once one row in a hundred is deleted.
 */
export async function run(): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const rows of [ROWS_MAX / 10, ROWS_MAX]) results.push(...(await measured(rows, results)));
  return results;
}

async function measured(rows: number, before: readonly BenchResult[]): Promise<readonly BenchResult[]> {
  const lake = await openBenchLake();
  try {
    const native = lake.engineOf({ databasePath: join(lake.folder, "native.duckdb") });
    await lake.lakehouse.execute(`create table t as ${rowsOf(rows)}`);
    await lake.lakehouse.execute(
      "alter table t set tblproperties ('write.merge.mode' = 'merge-on-read', 'write.delete.mode' = 'merge-on-read')",
    );
    await native.session(`create table t as ${rowsOf(rows)}`);
    const merged = await mergedIn(lake, native, rows);
    const shown = rows.toLocaleString("en");
    const name = `MERGE of ${(rows / 100).toLocaleString("en")} rows into ${shown}`;
    const smaller = before[0];
    return [
      { name, value: merged.own, unit: "ms", peer: { name: "DuckDB's own", value: merged.native } },
      ...(smaller === undefined
        ? []
        : [
            {
              name: `${name}, ten times the rows`,
              value: merged.own,
              unit: "ms",
              peer: { name: "ten times the tenth", value: smaller.value * 10 },
            },
          ]),
      ...(await scans(lake, shown)),
    ];
  } finally {
    await lake.close();
  }
}

function rowsOf(rows: number): string {
  return `select range as id, (hash(range) % 1000000)::integer as a, (hash(range + 7) % 1000003) / 7.0 as b, 'name ' || (range % 1000) as name from range(${rows})`;
}

/** Keys from all over the table, as many again that are new. */
function mergeOf(rows: number, round: number): string {
  const source = `select case when range % 2 = 0 then range * 100 + ${round} else ${rows} + range end as id, 1 as a, 2.0 as b, 'merged' as name from range(${rows / 100})`;
  return `merge into t using (${source}) as s on t.id = s.id when matched then update set a = s.a, b = s.b, name = s.name when not matched then insert (id, a, b, name) values (s.id, s.a, s.b, s.name)`;
}

/** Each round begins with the table as it was. */
async function mergedIn({ lakehouse, ports: { catalog } }: BenchLake, native: Session, rows: number) {
  const took: { readonly own: number[]; readonly native: number[] } = { own: [], native: [] };
  const before = await catalog.get("t");
  if (before === undefined) throw new Error("the table is not there");
  for (let round = 0; round < ROUNDS; round += 1) {
    const sql = mergeOf(rows, round);
    took.own.push(await timed(() => lakehouse.execute(sql)));
    const after = await catalog.get("t");
    await catalog.swap(before, after?.metadataLocation);
    await lakehouse.refresh(["t"]);
    await native.session("begin");
    took.native.push(await timed(() => native.session(sql)));
    await native.session("rollback");
  }
  return { own: median(took.own), native: median(took.native) };
}

const QUERIES = {
  "of one column": "select sum(a) from t",
  "of all columns": "select sum(id), sum(a), sum(b), max(name) from t",
  "in groups": "select name, avg(b), count(*) from t group by name",
};

async function scans({ lakehouse }: BenchLake, shown: string): Promise<readonly BenchResult[]> {
  const clean = await scansNow(lakehouse);
  await lakehouse.execute("delete from t where hash(id) % 100 = 0");
  const deleted = await scansNow(lakehouse);
  return Object.keys(QUERIES).map((name, index) => ({
    name: `${shown} rows, one in a hundred deleted: sums ${name}`,
    value: deleted[index] ?? 0,
    unit: "ms",
    peer: { name: "with none deleted", value: clean[index] ?? 0 },
  }));
}

async function scansNow(lakehouse: BenchLake["lakehouse"]): Promise<readonly number[]> {
  const took: number[] = [];
  for (const sql of Object.values(QUERIES)) {
    const rounds: number[] = [];
    for (let round = 0; round < 7; round += 1) rounds.push(await timed(() => lakehouse.query(sql)));
    took.push(median(rounds));
  }
  return took;
}
