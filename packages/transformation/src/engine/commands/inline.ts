import type { SqlValue } from "@millwright/lakehouse";
import { writeResults } from "../artifacts.ts";
import { blankNode } from "../blank-node.ts";
import { parseText } from "../compile-text.ts";
import type { DbtNode } from "../node.ts";
import { inNode, noCalls, parseTask, refused } from "../parse/parsing.ts";
import { compileNode, withoutSemicolon } from "../run/compile-node.ts";
import { invocation, type Invocation } from "../run/invocation.ts";
import type { NodeResult } from "../run/results.ts";
import { runOrder } from "../run/run-graph.ts";
import type { WarehouseTable } from "../warehouse.ts";
import { argumentsOf, deferral } from "./run.ts";
import { selectedIds, type Outcome, type Session } from "./session.ts";

const SHOWN_ROWS = 5;

/** A text that is compiled as if it were a model of the root project. */
function inlineNode({ world }: Session, text: string): DbtNode {
  const calls = noCalls();
  const name = "inline_query";
  try {
    parseText(parseTask(world, { owner: world.root.name, name, config: {}, calls }), { text, path: name });
  } catch (error) {
    throw inNode(error, { type: "sql operation", name, path: name });
  }
  return {
    ...blankNode(world, {
      id: `sql operation.${world.root.name}.${name}`,
      type: "model",
      name,
      package: world.root.name,
      path: name,
      fqn: [world.root.name, "sql", name],
      config: { materialized: "view" },
    }),
    rawCode: text,
    refs: calls.refs,
    sources: calls.sources,
  };
}

async function work(
  session: Session,
  ids: ReadonlySet<string>,
): Promise<{ readonly asked: Invocation; readonly existing: ReadonlySet<string> | undefined }> {
  const { deferred, existing } = await deferral(session);
  return {
    asked: invocation(session.world, session.manifest, {
      selected: ids,
      ...(deferred === undefined ? {} : { deferred }),
    }),
    existing,
  };
}

/** `compile`: the SQL of what is selected, or of a text. */
export async function compileCommand(session: Session): Promise<Outcome> {
  const { asked, manifest, graph, world } = session;
  const { inline } = asked.values;
  if (inline !== undefined) {
    const { asked: compiling, existing } = await work(session, new Set());
    const sql = await compileNode(compiling, inlineNode(session, inline), existing === undefined ? {} : { existing });
    return { exitCode: 0, lines: [sql], results: [] };
  }
  const ids = await selectedIds(session, new Set(["model", "test", "analysis", "snapshot", "seed", "unit_test"]));
  const nodes = [...ids].map((id) => manifest.nodes.get(id)).filter((node) => node !== undefined);
  const { asked: compiling, existing } = await work(session, ids);
  const results: NodeResult[] = [];
  for (const node of runOrder(nodes, graph)) {
    const plain = node.type === "seed" || node.type === "unit_test";
    const sql = plain ? null : await compileNode(compiling, node, existing === undefined ? {} : { existing });
    results.push({ node, status: "success", message: null, failures: null, sql, seconds: 0 });
  }
  await writeResults(session.artifacts, results, argumentsOf(asked));
  const shown =
    (asked.lists["select"] ?? []).length === 0
      ? []
      : results.filter(({ node, sql }) => sql !== null && node.type !== "test");
  const lines = shown.map(({ node, sql }) => (shown.length === 1 ? (sql ?? "") : `-- ${node.name}\n${sql ?? ""}`));
  if (results.length === 0)
    world.tell({ level: "warn", text: "Nothing to do. Try checking your model configs and model specification args" });
  return { exitCode: 0, lines, results };
}

/** `show`: the first rows of a model or of a text. */
export async function showCommand(session: Session): Promise<Outcome> {
  const { asked, manifest, world } = session;
  const ids =
    asked.values["inline"] === undefined
      ? await selectedIds(session, new Set(["model", "snapshot", "seed", "test", "analysis"]))
      : new Set<string>();
  const nodes =
    asked.values["inline"] === undefined
      ? [...ids].map((id) => manifest.nodes.get(id)).filter((node) => node !== undefined && node.type !== "test")
      : [inlineNode(session, asked.values["inline"])];
  if (nodes.length === 0)
    throw refused("Runtime Error\n  Either --select or --inline must be passed to show, and name something");
  const limit = Number(asked.values["limit"] ?? SHOWN_ROWS);
  if (!Number.isInteger(limit))
    throw refused(`Error: Invalid value for '--limit': '${asked.values["limit"] ?? ""}' is not a valid integer.`);
  const lines: string[] = [];
  const { asked: compiling, existing } = await work(session, ids);
  for (const node of nodes) {
    if (node === undefined) continue;
    const sql =
      node.type === "seed"
        ? `select * from "${node.database}"."${node.schema}"."${node.alias}"`
        : withoutSemicolon(await compileNode(compiling, node, existing === undefined ? {} : { existing }));
    const table = await world.warehouse.execute(limit < 0 ? sql : `select * from (\n${sql}\n) as shown limit ${limit}`);
    lines.push(asked.values["output"] === "json" ? shownJson(node, table) : shownTable(table));
  }
  return { exitCode: 0, lines, results: [] };
}

function shownJson({ name }: DbtNode, { columns, rows }: WarehouseTable): string {
  const show = rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column.name, jsonValue(row[index] ?? null, column.type)])),
  );
  return JSON.stringify({ node: name, show }, null, 2);
}

function jsonValue(value: SqlValue, type: string): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" && /^(?:DECIMAL|HUGEINT)/.test(type)) return Number(value);
  return value instanceof Uint8Array ? value.toHex() : value;
}

function shownTable({ columns, rows }: WarehouseTable): string {
  const cells = [
    columns.map(({ name }) => name),
    ...rows.map((row) => row.map((value) => (value === null ? "" : String(value as string)))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? "").length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  const [header = [], ...body] = cells;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
