import type { MonitorAlert, MonitorResults } from "@millwright/client";
import { textTable, type Command } from "@millwright/platform";
import { answerOf } from "./answer-schema.ts";
import { withApi } from "./api.ts";
import { count, when } from "./format.ts";

const list: Command = {
  name: "monitors list",
  summary: "the monitors, their rules and routes, and how many alerts stand",
  arguments: [],
  options: {},
  example: "mill monitors list",
  output: answerOf("listMonitors"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.listMonitors(), (all) =>
        textTable(
          ["monitor", "training", "alerts", "rules", "routes"],
          all.map(({ name, training, standing, rules, routes }) => [
            name,
            training,
            standing === 0 ? "none" : `${standing} STANDING`,
            rules.join(", "),
            routes.join(", "),
          ]),
        ),
      );
      return 0;
    }),
};

const show: Command = {
  name: "monitors show",
  summary: "how far each feature is from the training's at its worst, and how right the answers were, by day",
  arguments: ["MONITOR"],
  options: {},
  example: "mill monitors show late-flights-drift",
  output: answerOf("showMonitor"),
  handler: (call) =>
    withApi(call, async (api) => {
      call.out.result(await api.showMonitor({ name: call.arguments[0] ?? "" }), shown);
      return 0;
    }),
};

const alerts: Command = {
  name: "monitors alerts",
  summary: "the alerts of all monitors, or of one, newest first",
  arguments: ["[MONITOR]"],
  options: {
    standing: { summary: "only those that stand" },
    limit: { value: "ALERTS", summary: "at most so many, the newest (100)" },
  },
  example: "mill monitors alerts --standing",
  output: answerOf("listAlerts"),
  handler: (call) =>
    withApi(call, async (api) => {
      const [monitor] = call.arguments;
      const standing = call.options["standing"] === true;
      const limit = Number(call.options["limit"] ?? 100);
      const asked = { ...(monitor === undefined ? {} : { monitor }), ...(standing ? { standing } : {}), limit };
      call.out.result(await api.listAlerts(asked), alertTable);
      return 0;
    }),
};

function shown({ results, performance, trained, alerts: all }: MonitorResults): string {
  if (results.length === 0 && performance.length === 0) return "the monitor has not run yet: `mill run`";
  const standing = all.filter(({ resolvedMs }) => resolvedMs === null);
  return [
    featureTable(results, trained),
    ...(performance.length === 0 ? [] : ["", performanceTable(performance)]),
    "",
    standing.length === 0 ? "no alert stands" : alertTable(standing),
  ].join("\n");
}

/** Each feature's worst day, the furthest first. */
function featureTable(results: MonitorResults["results"], trained: MonitorResults["trained"]): string {
  const missing = new Map(trained.map(({ feature, missingRate }) => [feature, missingRate]));
  const groups = [...Map.groupBy(results, ({ feature, source }) => `${feature}\u0000${source}`).values()];
  const rows = groups.map((days) => {
    const [first] = days;
    const worst = (of: (day: (typeof days)[number]) => number | null) =>
      days.map(of).reduce((most, value) => (value === null || (most !== null && most >= value) ? most : value), null);
    return { feature: first?.feature ?? "", source: first?.source ?? "scored", days, worst };
  });
  const psi = (row: (typeof rows)[number]) => row.worst((day) => day.psi) ?? 0;
  return textTable(
    ["feature", "rows", "days", "stability index", "missing", "in training", "out of range", "new texts", "skew"],
    rows
      .toSorted((one, other) => psi(other) - psi(one))
      .map((row) => [
        row.feature,
        row.source,
        count(row.days.length),
        psi(row).toFixed(3),
        share(row.worst((day) => day.missingRate)),
        share(missing.get(row.feature) ?? null),
        share(row.worst((day) => day.outOfRangeRate)),
        share(row.worst((day) => day.newCategoryRate)),
        share(row.worst((day) => day.skewRate)),
      ]),
  );
}

function performanceTable(performance: MonitorResults["performance"]): string {
  const measures = (["auc", "logLoss", "calibrationError", "accuracy", "rmse", "mae"] as const).filter((measure) =>
    performance.some((day) => day[measure] !== null),
  );
  return textTable(
    [
      "rows",
      "day",
      "known",
      "waiting",
      "mean label",
      "mean answer",
      ...measures.map((measure) => measure.replace(/[A-Z]/g, " $&").toLowerCase()),
    ],
    performance.map((day) => [
      day.source,
      day.day,
      count(day.rows),
      count(day.waiting),
      decimal(day.meanLabel),
      decimal(day.meanAnswer),
      ...measures.map((measure) => decimal(day[measure])),
    ]),
  );
}

function alertTable(all: readonly MonitorAlert[]): string {
  return textTable(
    ["monitor", "state", "what", "rows", "rule", "worst", "days", "since", "until"],
    all.map(({ monitor, resolvedMs, feature, rows, rule, worst, days, sinceMs }) => [
      monitor,
      resolvedMs === null ? "STANDS" : "resolved",
      feature ?? "the answers",
      rows,
      rule,
      worst.toFixed(4),
      count(days),
      when(sinceMs),
      resolvedMs === null ? "" : when(resolvedMs),
    ]),
  );
}

function share(value: number | null): string {
  return value === null ? "–" : `${(value * 100).toFixed(1)} %`;
}

function decimal(value: number | null): string {
  return value === null ? "–" : value.toFixed(4);
}

/** What monitors found, and what they told. */
export const monitorsCommands: readonly Command[] = [list, show, alerts];
