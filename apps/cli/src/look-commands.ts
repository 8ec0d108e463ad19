import { readFile } from "node:fs/promises";
import { fromProblem, type Problem } from "@millwright/kernel";
import { textOf, type Lakehouse } from "@millwright/lakehouse";
import { textTable, type Command } from "@millwright/platform";
import { projectErrors } from "@millwright/project";
import { servingErrors } from "@millwright/serving";
import { statePaths } from "@millwright/server";
import { bytes, count, seconds, when } from "./format.ts";
import { projectDirOf, withSession } from "./session.ts";

const sql: Command = {
  name: "sql",
  summary: "ask the tables",
  arguments: ["QUERY"],
  options: { limit: { value: "ROWS", summary: "at most so many rows (1000)" } },
  example: 'mill sql "select origin, avg(late) from departures group by 1 order by 2 desc limit 5"',
  handler: (call) =>
    withSession(call, async ({ platform }) => {
      const [query = ""] = call.arguments;
      const result = await platform.lakehouse.query(query, { maxRows: Number(call.options["limit"] ?? 1_000) });
      call.out.result(result, ({ columns, rows, truncated }) => {
        const table = textTable(
          columns.map(({ name }) => name),
          rows.map((row) => row.map(textOf)),
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
    withSession(call, async ({ platform }) => {
      const tables = await platform.lakehouse.tables();
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
    withSession(call, async ({ platform }) => {
      const [name = ""] = call.arguments;
      const table = await platform.lakehouse.table(name);
      if (table === undefined)
        throw projectErrors.create("project/unknown", {
          because: `there is no table ${name}`,
          remedy: "`mill table list` shows those there are.",
        });
      const history = await platform.lakehouse.history(name);
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

const modelsList: Command = {
  name: "models list",
  summary: "the registered models",
  arguments: [],
  options: {},
  example: "mill models list",
  handler: (call) =>
    withSession(call, async ({ platform: { tracking } }) => {
      const models = await Promise.all(
        (await tracking.models()).map(async (name) => ({
          name,
          versions: (await tracking.versions(name)).length,
          champion: (await tracking.byAlias(name, "champion")) ?? null,
        })),
      );
      call.out.result(models, (all) =>
        textTable(
          ["model", "versions", "champion", "test AUC"],
          all.map(({ name, versions, champion }) => [
            name,
            String(versions),
            champion === null ? "none" : String(champion.version),
            (champion?.details as VersionDetails | undefined)?.metrics?.test?.auc?.toFixed(4) ?? "–",
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
    withSession(call, async ({ platform: { tracking } }) => {
      const versions = await tracking.versions(call.arguments[0] ?? "");
      call.out.result(versions, (all) => {
        const newest = all[0]?.details as VersionDetails | undefined;
        return [
          textTable(
            ["version", "aliases", "test AUC", "log loss", "made"],
            all.map(({ version, aliases, details, createdAtMs }) => {
              const test = (details as VersionDetails).metrics?.test;
              return [
                String(version),
                aliases.join(" "),
                test?.auc?.toFixed(4) ?? "–",
                test?.log_loss?.toFixed(4) ?? "–",
                when(createdAtMs),
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
    withSession(call, async ({ platform }) => {
      const [name = ""] = call.arguments;
      const asked = (await modelOfPrediction(platform.lakehouse, name)) ?? name;
      const graph = await platform.lineage.around(asked);
      call.out.result({ name, resolved: asked, ...graph }, ({ edges }) =>
        edges.map(({ from, to }) => `${from} → ${to}`).join("\n"),
      );
      return 0;
    }),
};

/** A prediction's id leads to the service and the model version that made it. */
async function modelOfPrediction(
  lakehouse: Pick<Lakehouse, "table" | "query">,
  id: string,
): Promise<string | undefined> {
  if (!/^[0-9a-f-]{36}/.test(id) || (await lakehouse.table("predictions")) === undefined) return undefined;
  const { rows } = await lakehouse.query(
    "select 'model:' || model || '/' || model_version from main.predictions where id = ?",
    { parameters: [id] },
  );
  const found = rows[0]?.[0];
  return typeof found === "string" ? found : undefined;
}

const predict: Command = {
  name: "predict",
  summary: "ask a running service",
  arguments: ["SERVICE", "REQUEST"],
  options: {},
  example: `mill predict late-flights '{"origin": "ORD", "destination": "SFO", "departed_at": "2001-06-30T18:00:00Z", "distance": 1846}'`,
  handler: async (call) => {
    const [service = "", request = ""] = call.arguments;
    const projectDir = await projectDirOf(call);
    const port = await runningPort(statePaths(projectDir).runFile);
    const body = await ask({ port, service, request });
    call.out.result(body, (answer) => JSON.stringify(answer, null, 2));
    return 0;
  },
};

interface Running {
  readonly pid: number;
  readonly restPort: number;
}

/** Where this project is up. The file of a process that was killed stays behind: its port may be another project's by now. */
async function runningPort(runFile: string): Promise<number> {
  const running = await readFile(runFile, "utf8").then(
    (text) => JSON.parse(text) as Running,
    () => undefined,
  );
  if (running === undefined)
    throw servingErrors.create("serving/not-running", { because: "the project has not been up" });
  if (!isAlive(running.pid))
    throw servingErrors.create("serving/not-running", { because: `its process ${running.pid} has ended` });
  return running.restPort;
}

async function ask({
  port,
  service,
  request,
}: {
  readonly port: number;
  readonly service: string;
  readonly request: string;
}): Promise<Readonly<Record<string, unknown>>> {
  const notRunning = (cause: unknown) => {
    throw servingErrors.create("serving/not-running", { because: `nothing answers on port ${port}`, cause });
  };
  const response = await fetch(`http://127.0.0.1:${port}/v2/models/${encodeURIComponent(service)}/infer`, {
    method: "POST",
    body: request,
    headers: { "content-type": "application/json" },
  }).catch(notRunning);
  const body = (await response.json().catch(notRunning)) as Readonly<Record<string, unknown>>;
  if (response.ok) return body;
  const { code, title, detail, remedy } = body as { readonly [key in keyof Problem]?: unknown };
  if (typeof code !== "string") notRunning(body);
  throw fromProblem({
    type: `urn:millwright:error:${String(code)}`,
    title: String(title),
    detail: String(detail),
    code: String(code),
    remedy: String(remedy),
    status: response.status,
    exit: response.status >= 500 ? 1 : 2,
  });
}

const status: Command = {
  name: "status",
  summary: "what runs, and how the last road went",
  arguments: [],
  options: {},
  example: "mill status",
  handler: (call) =>
    withSession(call, async ({ platform, project, paths }) => {
      const [last] = await platform.runs.list({ limit: 1 });
      const report = last === undefined ? null : ((await platform.runs.run(last.runId)) ?? null);
      const running = await readFile(paths.runFile, "utf8").then(
        (text) => JSON.parse(text) as Running,
        () => null,
      );
      const alive = running !== null && isAlive(running.pid);
      call.out.result({ project: project.settings.name, up: alive ? running : null, lastRun: report }, (value) =>
        [
          `project ${value.project}: ${value.up === null ? "not up" : `up, process ${value.up.pid}, serving on port ${value.up.restPort}`}`,
          report === null
            ? "no road was taken yet: `mill run`"
            : `last road: ${report.state}, ${when(report.startedAtMs)}`,
          ...(report === null
            ? []
            : [
                textTable(
                  ["step", "state", "time", ""],
                  report.tasks.map((task) => [task.id, task.state, seconds(task.tookMs), task.message ?? ""]),
                ),
              ]),
        ].join("\n"),
      );
      return 0;
    }),
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const lookCommands: readonly Command[] = [
  sql,
  tableList,
  tableShow,
  modelsList,
  modelsShow,
  lineage,
  predict,
  status,
];
