import { quoteName, quoteText } from "@millwright/lakehouse";
import { transformationErrors } from "../../errors.ts";
import { fromPlain, type JinjaFunction } from "../../jinja/values.ts";
import { describeRelation } from "../adapter.ts";
import { parseText } from "../compile-text.ts";
import { parseCsv } from "../csv.ts";
import type { DbtNode, UnitInput, UnitRows, UnitTestInfo } from "../node.ts";
import { noCalls, parseTask } from "../parse/parsing.ts";
import { recordOf, recordsOf, textOf, type Plain } from "../plain.ts";
import type { Warehouse } from "../warehouse.ts";
import { compileNode } from "./compile-node.ts";
import type { Invocation } from "./invocation.ts";
import { nameOf } from "./relations.ts";
import type { TestOutcome } from "./data-test.ts";

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Runs a model on rows that the test gives in place of its inputs, and compares what comes out. */
export async function runUnitTest(asked: Invocation, node: DbtNode): Promise<TestOutcome & { readonly sql: string }> {
  const { unit } = node;
  const model = unit === undefined ? undefined : asked.manifest.nodes.get(unit.model);
  if (unit === undefined || model === undefined) throw wrong(node, "its model is not there");
  const { warehouse } = asked.world;
  const inputs = new Map<string, string>();
  for (const given of unit.given) {
    const target = inputOf(asked, node, { given, model });
    const body = await inputRows(asked, node, { given, target });
    inputs.set(target.id, body);
  }
  const sql = await compileNode(asked, model, { inputs, ...overridesOf(unit) });
  const columns = await describeRelation(warehouse, `(\n${sql}\n) as actual`);
  const expected = expectedRows(asked, node, unit);
  const wanted =
    expected.length === 0
      ? columns
      : columns.filter(({ name }) => expected.some((row) => keyOf(row, name) !== undefined));
  refuseUnknown(node, expected, columns);
  const actual = await rowsAsText(warehouse, `(\n${sql}\n) as actual`, wanted);
  const sought =
    expected.length === 0 ? [] : await rowsAsText(warehouse, `(${literalRows(expected, wanted)}) as expected`, wanted);
  const isSame =
    actual.length === sought.length && actual.toSorted().every((row, index) => row === sought.toSorted()[index]);
  if (isSame) return { status: "pass", failures: 0, message: null, sql };
  return { status: "fail", failures: 1, message: difference(wanted, { actual, expected: sought }), sql };
}

function difference(
  columns: readonly Column[],
  { actual, expected }: { readonly actual: readonly string[]; readonly expected: readonly string[] },
): string {
  const missing = expected.filter((row) => !actual.includes(row)).map((row) => `- ${row}`);
  const added = actual.filter((row) => !expected.includes(row)).map((row) => `+ ${row}`);
  return `actual differs from expected (${columns.map(({ name }) => name).join(", ")}):\n${[...missing, ...added].join("\n")}`;
}

/** The node that `ref('x')` or `source('s', 't')` of an input means; `this` is the model as it was before. */
function inputOf(
  asked: Invocation,
  node: DbtNode,
  { given, model }: { readonly given: UnitInput; readonly model: DbtNode },
): DbtNode {
  if (given.input.trim() === "this") return model;
  const calls = noCalls();
  parseText(parseTask(asked.world, { owner: node.package, name: node.name, config: {}, calls }), {
    text: `{{ ${given.input} }}`,
    path: node.path,
  });
  const [ref] = calls.refs;
  const [source] = calls.sources;
  const found =
    ref === undefined
      ? source === undefined
        ? undefined
        : asked.index.source(source[0], source[1], node.package)
      : asked.index.ref(ref, node.package);
  if (found === undefined) throw wrong(node, `its input ${given.input} names nothing`);
  return found;
}

async function inputRows(
  { world, manifest, index, selected, deferred, templates }: Invocation,
  node: DbtNode,
  { given, target }: { readonly given: UnitInput; readonly target: DbtNode },
): Promise<string> {
  if (given.format === "sql") return textOf(given.rows).trim().replace(/;\s*$/, "");
  const columns =
    target.config["materialized"] === "ephemeral"
      ? await ephemeralColumns({ world, manifest, index, selected, deferred, templates }, target)
      : await describeRelation(world.warehouse, nameOf(target)).catch((error: unknown) => {
          throw wrong(
            node,
            `Not able to get columns for unit test '${target.name}' from relation ${nameOf(target)} because the relation doesn't exist`,
            error,
          );
        });
  const rows = readRows(given, { node, world });
  refuseUnknown(node, rows, columns);
  return literalRows(rows, columns);
}

async function ephemeralColumns(asked: Invocation, target: DbtNode): Promise<readonly Column[]> {
  const sql = await compileNode(asked, target);
  return describeRelation(asked.world.warehouse, `(\n${sql}\n) as given`);
}

function readRows(
  { format, rows }: UnitRows,
  { node, world }: { readonly node: DbtNode; readonly world: Invocation["world"] },
): readonly Plain[] {
  if (format === "dict") return recordsOf(rows);
  const text = textOf(rows);
  const isFixture = !text.includes("\n") && !text.includes(",");
  const csv = isFixture ? fixture(text, node, world) : text;
  const [header = [], ...lines] = parseCsv(csv).map((line) => line.map((field) => field.trim()));
  return lines.map((line) =>
    Object.fromEntries(header.map((name, index) => [name, line[index] === "" ? null : line[index]])),
  );
}

/** A CSV of `tests/fixtures`. */
function fixture(name: string, node: DbtNode, world: Invocation["world"]): string {
  const owner = world.packages.find((known) => known.name === node.package);
  const found = owner?.fixtures.find(({ path }) => path.split("/").at(-1) === `${name}.csv`);
  if (found === undefined) throw wrong(node, `Could not find fixture file ${name} for unit test`);
  return found.text;
}

function keyOf(row: Plain, name: string): string | undefined {
  return Object.keys(row).find((key) => key.toLowerCase() === name.toLowerCase());
}

function refuseUnknown(node: DbtNode, rows: readonly Plain[], columns: readonly Column[]): void {
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const unknown = rows.flatMap((row) => Object.keys(row)).find((key) => !known.has(key.toLowerCase()));
  if (unknown !== undefined)
    throw wrong(
      node,
      `Invalid column name: '${unknown}' in unit test fixture. Accepted columns are: ${[...known].join(", ")}`,
    );
}

/** Rows as a SELECT, each value of its column's type. */
function literalRows(rows: readonly Plain[], columns: readonly Column[]): string {
  const cell = (row: Plain | undefined, { name, type }: Column) => {
    const key = row === undefined ? undefined : keyOf(row, name);
    return `cast(${literal(key === undefined ? null : row?.[key])} as ${type}) as ${quoteName(name)}`;
  };
  const select = (row: Plain | undefined) => `select ${columns.map((column) => cell(row, column)).join(", ")}`;
  if (rows.length === 0) return `${select(undefined)} where false limit 0`;
  return rows.map(select).join("\nunion all\n");
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  return typeof value === "string" ? quoteText(value) : quoteText(JSON.stringify(value));
}

async function rowsAsText(warehouse: Warehouse, from: string, columns: readonly Column[]): Promise<readonly string[]> {
  const list = columns.map(({ name }) => `cast(${quoteName(name)} as varchar) as ${quoteName(name)}`).join(", ");
  const { rows } = await warehouse.execute(`select ${list === "" ? "1" : list} from ${from}`);
  return rows.map((row) => JSON.stringify(row));
}

function expectedRows({ world }: Invocation, node: DbtNode, { expect }: UnitTestInfo): readonly Plain[] {
  return readRows(expect, { node, world });
}

/** `overrides`: what macros, variables and the environment answer while the model is compiled. */
function overridesOf({ overrides }: UnitTestInfo): {
  readonly overrides: ReadonlyMap<string, JinjaFunction>;
  readonly vars: Plain;
  readonly environment: Plain;
} {
  const macros = Object.entries(recordOf(overrides["macros"])).map(([name, value]): [string, JinjaFunction] => [
    name,
    () => fromPlain(value),
  ]);
  return {
    overrides: new Map<string, JinjaFunction>([["is_incremental", () => false], ...macros]),
    vars: recordOf(overrides["vars"]),
    environment: recordOf(overrides["env_vars"]),
  };
}

function wrong({ name, path }: DbtNode, because: string, cause?: unknown): Error {
  return transformationErrors.create("transformation/dbt", {
    because: `Compilation Error in unit_test ${name} (${path})\n  ${because}`,
    where: { file: path },
    ...(cause === undefined ? {} : { cause }),
  });
}
