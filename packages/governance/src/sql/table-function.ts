import { computed, indirect, ROWS, union, type Dependence } from "./dependence.ts";
import { all } from "./expression.ts";
import type { Relation, Scope } from "./scope.ts";
import { constantText, parts, textOf, type Tree } from "./tree.ts";
import { unreadable } from "./unreadable.ts";

/** A file: its columns are not known before it is read, so that any name may be one. */
export function fileRelation(path: string): Relation {
  const dataset = `file:${path}`;
  const other = (column: string): readonly Dependence[] => [{ dataset, column, type: "DIRECT", kind: "IDENTITY" }];
  return { columns: [], other, rows: [{ dataset, column: ROWS, type: "INDIRECT", kind: "FILTER" }] };
}

const READERS = new Set(
  "read_csv read_csv_auto read_json read_json_auto read_ndjson read_parquet parquet_scan".split(" "),
);
/** Functions of one column, which has the function's name. */
const MAKERS = new Set("range generate_series unnest".split(" "));

/** What a function in FROM makes: a file's rows, or rows made of its arguments. */
export function functionRelation(
  call: Tree,
  { scope, withPosition }: { readonly scope: Scope; readonly withPosition: boolean },
): Relation {
  const name = textOf(call, "function_name").toLowerCase();
  const [first, ...others] = parts(call, "children");
  if (READERS.has(name)) return fileRelation(constantText(first) ?? unreadable(`${name} of a path that is computed`));
  if (!MAKERS.has(name)) return unreadable(`the function ${name} in FROM`);
  const given = all([...(first === undefined ? [] : [first]), ...others], scope);
  const rows = indirect(given, "JOIN");
  const columns = [{ name, from: computed(given) }, ...(withPosition ? [{ name: "ordinality", from: rows }] : [])];
  return { columns, rows: union(rows) };
}
