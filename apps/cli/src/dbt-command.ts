import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { silentLogger, systemClock, systemIds, Type } from "@millwright/kernel";
import { createDuckdbEngine } from "@millwright/lakehouse/adapters/duckdb-sql-engine";
import type { Command, CommandCall } from "@millwright/platform";
import { runDbtCommand, type DbtMessage, type DbtTarget, type Warehouse } from "@millwright/transformation";

const MEMORY_MB = 2_048;

/** dbt's own command line, on any dbt project whose profile is a DuckDB file: no `millwright.ts` is needed. */
export const dbt: Command = {
  name: "dbt",
  summary:
    "dbt's commands (run, build, test, ls, …) on a dbt project with a DuckDB profile; no millwright.ts is needed",
  arguments: ["[WORDS…]"],
  options: {},
  example: "mill dbt build --select staging+ --exclude tag:slow --project shop",
  handsOn: true,
  output: Type.Object({
    exitCode: Type.Integer({ minimum: 0, maximum: 1 }),
    lines: Type.Array(Type.String(), {
      description: "What dbt would print: names of `ls`, SQL of `compile`, rows of `show`.",
    }),
    results: Type.Array(
      Type.Object({
        id: Type.String(),
        status: Type.String(),
        failures: Type.Union([Type.Number(), Type.Null()]),
        message: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
    messages: Type.Array(Type.Object({ level: Type.String(), text: Type.String() })),
  }),
  handler: async (call) => {
    const messages: DbtMessage[] = [];
    const isQuiet = call.arguments.some((word) => word === "-q" || word === "--quiet");
    const { exitCode, lines, results } = await runDbtCommand({
      argv: call.arguments,
      workingFolder: folderOf(call),
      environment: definedOf(process.env),
      openWarehouse,
      tell: (message) => {
        messages.push(message);
        if (message.level !== "debug" && (!isQuiet || message.level === "warn")) call.out.note(message.text);
      },
      startedAtMs: systemClock.nowMs(),
      invocationId: systemIds(),
    });
    const told = results.map(({ node, status, failures, message }) => ({ id: node.id, status, failures, message }));
    const answer = { exitCode, lines, results: told, messages };
    if (call.json || lines.length > 0) call.out.result(answer, () => lines.join("\n"));
    if (!isQuiet && results.length > 0) call.out.note(counted(told));
    return exitCode;
  },
};

function folderOf({ options }: CommandCall): string {
  const { project } = options;
  return resolve(typeof project === "string" ? project : ".");
}

function definedOf(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function openWarehouse(target: DbtTarget, projectDir: string): Warehouse {
  const inMemory = target.path === ":memory:";
  const engine = createDuckdbEngine({
    folders: [projectDir],
    tempFolder: join(tmpdir(), `mill-dbt-${process.pid}`),
    memoryMb: MEMORY_MB,
    threads: Math.max(1, target.threads),
    workingFolder: projectDir,
    logger: silentLogger,
    ...(inMemory ? {} : { databasePath: resolve(projectDir, target.path) }),
  });
  return {
    type: "duckdb",
    database: target.database,
    execute: (sql) => engine.session(sql),
    close: () => engine.close(),
  };
}

function counted(results: readonly { readonly status: string }[]): string {
  const counts = new Map<string, number>();
  for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
  return `Done. ${[...counts].map(([status, count]) => `${count} ${status}`).join(", ")}`;
}
