import type { ModelVersion } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { withApi } from "./api.ts";
import { bytes, cell, count, seconds, when } from "./format.ts";

const sql: Command = {
  name: "sql",
  summary: "ask the tables",
  arguments: ["QUERY"],
  options: { limit: { value: "ROWS", summary: "at most so many rows (1000)" } },
  example: 'mill sql "select origin, avg(late) from departures group by 1 order by 2 desc limit 5"',
  handler: (call) =>
    withApi(call, async (api) => {
      const [query = ""] = call.arguments;
      const result = await api.query({ body: { sql: query, maxRows: Number(call.options["limit"] ?? 1_000) } });
      call.out.result(result, ({ columns, rows, truncated }) => {
        const table = textTable(
          columns.map(({ name }) => name),
          rows.map((row) => row.map(cell)),
        );
        return truncated ? `${table}\n… there are more rows (--limit)` : table;
      });
      return 0;
    }),
};

const tableList: Command = {
  name: "table list",
  summary: "the tables and views",
  arguments: [],
  options: {},
  example: "mill table list",
  handler: (call) =>
    withApi(call, async (api) => {
      const tables = await api.listTables();
      call.out.result(tables, (all) =>
        textTable(
          ["name", "kind", "rows", "size", "columns", "written"],
          all.map((table) => [
            table.name,
            table.kind,
            count(table.rowCount),
            bytes(table.bytes),
            String(table.columns.length),
            when(table.updatedAtMs),
          ]),
        ),
      );
      return 0;
    }),
};

const tableShow: Command = {
  name: "table show",
  summary: "a table's columns and history",
  arguments: ["NAME"],
  options: {},
  example: "mill table show departures",
  handler: (call) =>
    withApi(call, async (api) => {
      const [name = ""] = call.arguments;
      const { table, history } = await api.showTable({ name });
      call.out.result({ ...table, history }, () =>
        [
          `${name}: ${table.kind}, ${count(table.rowCount)} rows, ${bytes(table.bytes)}`,
          textTable(
            ["column", "type", "about"],
            table.columns.map((column) => [column.name, column.type, column.doc ?? ""]),
          ),
          textTable(
            ["snapshot", "operation", "rows", "committed"],
            history.map((snapshot) => [
              snapshot.snapshotId,
              snapshot.operation,
              count(snapshot.rowCount),
              when(snapshot.committedAtMs),
            ]),
          ),
        ].join("\n\n"),
      );
      return 0;
    }),
};

interface VersionDetails {
  readonly metrics?: { readonly test?: { readonly auc?: number; readonly log_loss?: number } };
  readonly gates?: readonly { readonly gate: string; readonly passed: boolean; readonly observed: number }[];
  readonly importance?: readonly { readonly feature: string; readonly gain: number }[];
}

function detailsOf(version: ModelVersion | null | undefined): VersionDetails | undefined {
  return version?.details as VersionDetails | undefined;
}

const modelsList: Command = {
  name: "models list",
  summary: "the registered models",
  arguments: [],
  options: {},
  example: "mill models list",
  handler: (call) =>
    withApi(call, async (api) => {
      const models = await api.listModels();
      call.out.result(models, (all) =>
        textTable(
          ["model", "versions", "champion", "test AUC"],
          all.map(({ name, versions, champion }) => [
            name,
            String(versions),
            champion === null ? "none" : String(champion.version),
            detailsOf(champion)?.metrics?.test?.auc?.toFixed(4) ?? "–",
          ]),
        ),
      );
      return 0;
    }),
};

const modelsShow: Command = {
  name: "models show",
  summary: "a model's versions, gates and importance",
  arguments: ["NAME"],
  options: {},
  example: "mill models show late-flights",
  handler: (call) =>
    withApi(call, async (api) => {
      const versions = await api.listModelVersions({ name: call.arguments[0] ?? "" });
      call.out.result(versions, (all) => {
        const newest = detailsOf(all[0]);
        return [
          textTable(
            ["version", "aliases", "test AUC", "log loss", "made"],
            all.map((one) => {
              const test = detailsOf(one)?.metrics?.test;
              return [
                String(one.version),
                one.aliases.join(" "),
                test?.auc?.toFixed(4) ?? "–",
                test?.log_loss?.toFixed(4) ?? "–",
                when(one.createdAtMs),
              ];
            }),
          ),
          textTable(
            ["gate", "observed", ""],
            (newest?.gates ?? []).map(({ gate, observed, passed }) => [
              gate,
              observed.toFixed(4),
              passed ? "holds" : "does not hold",
            ]),
          ),
          textTable(
            ["feature", "gain"],
            (newest?.importance ?? [])
              .slice(0, 10)
              .map(({ feature, gain }) => [feature, `${(gain * 100).toFixed(1)}%`]),
          ),
        ].join("\n\n");
      });
      return 0;
    }),
};

const lineage: Command = {
  name: "lineage",
  summary: "what something came from, and what hangs on it",
  arguments: ["NAME"],
  options: {},
  example: "mill lineage late-flights",
  handler: (call) =>
    withApi(call, async (api) => {
      const graph = await api.showLineage({ name: call.arguments[0] ?? "" });
      call.out.result(graph, ({ edges }) => edges.map(({ from, to }) => `${from} → ${to}`).join("\n"));
      return 0;
    }),
};

const status: Command = {
  name: "status",
  summary: "what runs, and how the last road went",
  arguments: [],
  options: {},
  example: "mill status",
  handler: (call) =>
    withApi(call, async (api) => {
      const found = await api.showStatus();
      call.out.result(found, ({ project, up, nextRunAtMs, lastRun }) =>
        [
          up === null
            ? `project ${project}: not up`
            : `project ${project}: up, process ${up.pid}, console http://127.0.0.1:${up.controlPort}, serving http://127.0.0.1:${up.restPort}`,
          ...(nextRunAtMs === null ? [] : [`next road by the schedule: ${when(nextRunAtMs)}`]),
          lastRun === null
            ? "no road was taken yet: `mill run`"
            : `last road: ${lastRun.state}, ${when(lastRun.startedAtMs)}`,
          ...(lastRun === null
            ? []
            : [
                textTable(
                  ["step", "state", "time", ""],
                  lastRun.tasks.map((task) => [task.id, task.state, seconds(task.tookMs), task.message ?? ""]),
                ),
              ]),
        ].join("\n"),
      );
      return 0;
    }),
};

const runsList: Command = {
  name: "runs list",
  summary: "the runs of the road, newest first",
  arguments: [],
  options: { limit: { value: "RUNS", summary: "at most so many (20)" } },
  example: "mill runs list",
  handler: (call) =>
    withApi(call, async (api) => {
      const runs = await api.listRuns({ limit: Number(call.options["limit"] ?? 20) });
      call.out.result(runs, (all) =>
        textTable(
          ["run", "state", "by", "started", "time"],
          all.map(({ runId, state, trigger, startedAtMs, endedAtMs }) => [
            runId,
            state,
            trigger,
            when(startedAtMs),
            seconds(endedAtMs === null ? null : endedAtMs - startedAtMs),
          ]),
        ),
      );
      return 0;
    }),
};

const runsShow: Command = {
  name: "runs show",
  summary: "what became of each step in a run",
  arguments: ["RUN"],
  options: {},
  example: "mill runs show 0198c1d2-7b1e-7c55-9d3e-2f1c0a9b8e77",
  handler: (call) =>
    withApi(call, async (api) => {
      const run = await api.showRun({ runId: call.arguments[0] ?? "" });
      call.out.result(run, ({ tasks }) =>
        textTable(
          ["step", "state", "time", ""],
          tasks.map((task) => [task.id, task.state, seconds(task.tookMs), task.message ?? ""]),
        ),
      );
      return 0;
    }),
};

const servicesList: Command = {
  name: "services list",
  summary: "the deployed services",
  arguments: [],
  options: {},
  example: "mill services list",
  handler: (call) =>
    withApi(call, async (api) => {
      const services = await api.listServices();
      call.out.result(services, (all) =>
        textTable(
          ["service", "model", "version", "address"],
          all.map(({ name, model, version, url }) => [name, model, String(version), url ?? "not up"]),
        ),
      );
      return 0;
    }),
};

export const lookCommands: readonly Command[] = [
  sql,
  tableList,
  tableShow,
  modelsList,
  modelsShow,
  runsList,
  runsShow,
  servicesList,
  lineage,
  status,
];
