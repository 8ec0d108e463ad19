import { compactTable } from "../../src/care/compact.ts";
import { expireSnapshots } from "../../src/care/expire.ts";
import { rewriteManifests } from "../../src/care/rewrite-manifests.ts";
import { identifierNamed } from "../../src/care/table-named.ts";
import { commitTables } from "../../src/rest/commit-tables.ts";
import type { Deed, LaneOf } from "./kill-lanes.ts";
import { openLake } from "./lake-fixture.ts";

type TestLake = Awaited<ReturnType<typeof openLake>>;

/** `whole` writes changed files anew, `parts` writes which rows go. */
const TABLES = ["whole", "parts"] as const;
const MODES = ["delete", "update", "merge"].map((kind) => `'write.${kind}.mode' = 'merge-on-read'`);
const MAKE = [
  "CREATE TABLE IF NOT EXISTS whole (id bigint, v bigint)",
  `CREATE TABLE IF NOT EXISTS parts (id bigint, v bigint) PARTITIONED BY (bucket(2, id)) TBLPROPERTIES (${MODES.join(", ")})`,
];

/** Statements that change rows, and the care of what they leave behind. */
export function statementLane(folder: string): LaneOf {
  return {
    open: async () => {
      const lake = await openLake(folder);
      for (const sql of MAKE) await lake.lakehouse.execute(sql);
      return {
        run: (deed) => run(lake, deed),
        close: async () => {
          await lake.lakehouse.close();
          await lake.database.close();
        },
      };
    },
    draw,
  };
}

async function run({ lakehouse, world, engine }: TestLake, deed: Deed): Promise<void> {
  const { table } = deed;
  switch (deed.what) {
    case "insert":
      await lakehouse.execute(`INSERT INTO ${table} ${sourceOf(deed)}`);
      return;
    case "merge":
      await lakehouse.execute(
        `MERGE INTO ${table} AS t USING (${sourceOf(deed)}) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)`,
      );
      return;
    case "delete":
      await lakehouse.execute(`DELETE FROM ${table} WHERE id % ${deed.mod} = ${deed.rest}`);
      return;
    case "update":
      await lakehouse.execute(`UPDATE ${table} SET v = v + 1 WHERE id % ${deed.mod} = ${deed.rest}`);
      return;
    case "compact":
      await compactTable({ world, engine }, table, { minInputFiles: 2, isDryRun: false });
      return;
    case "rewrite":
      await rewriteManifests(world, table, { isDryRun: false });
      return;
    case "expire":
      await expireSnapshots(world, table, { maxAgeMs: -1, keep: 3, isDryRun: false });
      return;
    case "set":
      await setProperty(world, table);
      return;
    case "append":
    case "replace":
      await lakehouse.write({ table, select: "SELECT 1::integer AS k", mode: deed.what });
      return;
  }
}

/** A commit as a client of the REST catalog makes it. */
async function setProperty(world: TestLake["world"], table: string): Promise<void> {
  const updates = [{ action: "set-properties" as const, updates: { "owner.note": world.ids() } }];
  await commitTables(world, [{ identifier: identifierNamed(table), requirements: [], updates }]);
}

function sourceOf({ from, rows, v }: { readonly from: number; readonly rows: number; readonly v: number }): string {
  return `SELECT range AS id, CAST(${v} AS bigint) AS v FROM range(${from}, ${from + rows})`;
}

const KINDS = [
  "insert",
  "insert",
  "merge",
  "delete",
  "update",
  "compact",
  "expire",
  "rewrite",
  "set",
  "write",
] as const;

function draw(random: () => number): Deed {
  const whole = (end: number) => Math.floor(random() * end);
  const table = TABLES[whole(TABLES.length)] ?? "whole";
  const what = KINDS[whole(KINDS.length)] ?? "insert";
  if (what === "write") return { table: "written", what: whole(2) === 0 ? "append" : "replace" };
  if (what === "insert" || what === "merge") return { table, what, from: whole(40), rows: 1 + whole(8), v: whole(100) };
  if (what === "delete" || what === "update") {
    const mod = 2 + whole(5);
    return { table, what, mod, rest: whole(mod) };
  }
  return { table, what };
}
