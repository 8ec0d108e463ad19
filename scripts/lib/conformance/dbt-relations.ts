import { existsSync } from "node:fs";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";

/** All relations of a database, as the suite writes them. */
export type Relations = Record<string, Relation>;

interface Relation {
  readonly kind: string;
  readonly unreadable?: string;
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly rows?: readonly (readonly unknown[])[];
}

const PLAIN = /^(?:BOOLEAN|DOUBLE|FLOAT|VARCHAR|.*INT.*)$/;
const DAY_MS = 86_400_000;

/** Reads a DuckDB file with DuckDB itself. */
export async function relationsOf(path: string): Promise<Relations> {
  if (!existsSync(path)) return {};
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const listed = await connection.runAndReadAll(
      "select table_schema, table_name, table_type from information_schema.tables where table_catalog = current_database()",
    );
    const found: Relations = {};
    for (const [schema, name, type] of listed.getRows())
      found[`${String(schema)}.${String(name)}`] = await relation(connection, {
        name: `${quoted(String(schema))}.${quoted(String(name))}`,
        kind: String(type) === "VIEW" ? "view" : "table",
      });
    return found;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function relation(
  connection: DuckDBConnection,
  { name, kind }: { readonly name: string; readonly kind: string },
): Promise<Relation> {
  try {
    const described = (await connection.runAndReadAll(`describe select * from ${name}`)).getRows();
    const columns = described.map(([column, type]) => ({ name: String(column), type: String(type) }));
    const list = columns.map(({ name: column, type }) =>
      PLAIN.test(type) ? quoted(column) : `cast(${quoted(column)} as varchar)`,
    );
    const rows = (await connection.runAndReadAll(`select ${list.join(", ")} from ${name}`)).getRows();
    return {
      kind,
      columns,
      rows: rows.map((row) => row.map((value, index) => plain(value, columns[index]?.type ?? ""))),
    };
  } catch (error) {
    return { kind, unreadable: error instanceof Error ? error.message : String(error) };
  }
}

function plain(value: unknown, type: string): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || !type.startsWith("TIMESTAMP")) return value;
  const at = Date.parse(`${value.replace(" ", "T").replace(/\+00$/, "")}Z`);
  return Math.abs(at - Date.now()) < DAY_MS ? "<now>" : value;
}
