import { textTable, type Output } from "@millwright/platform";
import type { RunReport, TaskReport } from "@millwright/orchestration";
import { metricTitle } from "@millwright/training";
import { bytes, count, counted, seconds } from "./format.ts";

const MARKS: Readonly<Record<TaskReport["state"], string>> = {
  waiting: " ",
  running: "…",
  done: "✓",
  unchanged: "=",
  warned: "!",
  failed: "✗",
  blocked: "-",
  cancelled: "-",
};

/** Says what the road does: a line for each step that ends, and what is at work while nothing else is said. */
export function createRoadProgress(out: Output): { readonly onTask: (report: TaskReport) => void; stop(): void } {
  const running = new Map<string, TaskReport>();
  out.working(() => [...running.values()].map(describe).join(", "));
  return {
    onTask: (report) => {
      if (report.state === "running") running.set(report.id, report);
      else {
        running.delete(report.id);
        if (report.state !== "unchanged") out.note(finished(report));
      }
    },
    stop: () => out.working(undefined),
  };
}

function describe({ id, progress, startedAtMs }: TaskReport): string {
  const elapsed = startedAtMs === null ? "" : ` ${Math.round((Date.now() - startedAtMs) / 1_000)} s`;
  if (progress?.done === undefined) return `… ${id}${elapsed}`;
  const total = progress.total === undefined ? "" : ` of ${count(progress.total)}`;
  return `… ${id}${elapsed}, ${count(progress.done)}${total} ${progress.unit ?? ""}`.trimEnd();
}

function finished(report: TaskReport): string {
  const rows = report.facts["rows"];
  const details = [
    seconds(report.tookMs),
    typeof rows === "number" ? `${count(rows)} rows` : "",
    report.message ?? "",
  ].filter((part) => part !== "" && part !== "–");
  return `${MARKS[report.state]} ${report.id}  ${details.join("  ")}`;
}

const STAGES: Readonly<Record<string, string>> = {
  source: "sources",
  table: "tables",
  view: "views",
  tests: "tests",
  checks: "checks",
  feature_view: "features online",
  training: "training",
  scoring: "batch scoring",
  service: "services",
  monitor: "monitors",
};

/** The table of stage times, and what the road came to. Steps of a stage run beside those of others: times overlap. */
export function roadSummary(report: RunReport, peakBytes: number | null): string {
  const ran = report.tasks.filter(({ tookMs }) => tookMs !== null);
  const unchanged = report.tasks.filter(({ state }) => state === "unchanged").length;
  const rows = [...Map.groupBy(ran, ({ kind }) => STAGES[kind] ?? kind)].map(([stage, tasks]) =>
    stageRow(stage, tasks),
  );
  const parts = rows.length === 0 ? [] : [textTable(["", "stage", "steps", "time", "longest"], rows)];
  const total = report.endedAtMs === null ? 0 : report.endedAtMs - report.startedAtMs;
  parts.push(
    `${report.state}: ${counted(ran.length, "step")} in ${seconds(total)}, ${unchanged} unchanged${peakBytes === null ? "" : `, peak memory ${bytes(peakBytes)}`}`,
  );
  for (const task of report.tasks) {
    if (task.error !== null)
      parts.push(
        `✗ ${task.id}: ${task.error.code}: ${task.error.title}: ${task.error.detail}\n  remedy  ${task.error.remedy}`,
      );
    else if (task.kind === "training") parts.push(...modelLine(task));
  }
  return parts.join("\n");
}

/** The model's metric beside the best baseline's, on the same rows. */
function modelLine({ name, facts }: TaskReport): readonly string[] {
  const { version, metric, champion, baseline, baseline_name: beside } = facts;
  const value = typeof metric === "string" ? facts[metric] : undefined;
  if (typeof metric !== "string" || typeof value !== "number") return [];
  const compared = typeof baseline === "number" ? ` (${beside}: ${baseline.toFixed(4)})` : "";
  const role = champion === true ? ", champion" : "";
  return [`model ${name} version ${version}: test ${metricTitle(metric)} ${value.toFixed(4)}${compared}${role}`];
}

function stageRow(stage: string, tasks: readonly TaskReport[]): readonly string[] {
  const worst = WORST_FIRST.find((state) => tasks.some((task) => task.state === state)) ?? "done";
  const longest = tasks.toSorted((one, other) => (other.tookMs ?? 0) - (one.tookMs ?? 0))[0];
  const sum = tasks.reduce((total, { tookMs }) => total + (tookMs ?? 0), 0);
  return [
    MARKS[worst],
    stage,
    String(tasks.length),
    seconds(sum),
    tasks.length === 1 ? "" : `${longest?.name ?? ""} ${seconds(longest?.tookMs)}`,
  ];
}

const WORST_FIRST: readonly TaskReport["state"][] = ["failed", "cancelled", "warned"];

/** 1 when a step failed, or a model that was trained did not pass its gates. */
export function exitOf({
  state,
  tasks,
}: Pick<RunReport, "state"> & { readonly tasks: readonly Pick<TaskReport, "kind" | "state">[] }): number {
  const isTurnedAway = tasks.some((task) => task.kind === "training" && task.state === "warned");
  return state === "done" && !isTurnedAway ? 0 : 1;
}
