import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { mustRunMill } from "./run-mill.ts";
import type { Suite } from "./suite.ts";

// Timetables as Airflow computed them: the intervals from a start on, that of a run started by hand, and the times alone.

interface Interval {
  readonly start: string;
  readonly end: string;
}

interface Case {
  readonly name: string;
  readonly cron?: string;
  readonly delta_seconds?: number;
  readonly timezone: string;
  readonly start_date: string;
  readonly runs?: readonly Interval[];
  readonly manual?: Interval & { readonly run_after: string };
  readonly cron_trigger_runs?: readonly { readonly run_after: string }[];
}

interface Answer {
  readonly runs: readonly Interval[];
  readonly lastInterval: Interval;
}

export const cron: Suite = {
  summary: "cron and delta timetables, recorded from Airflow (cases.json)",
  replay: async (folder, { only, tell }) => {
    const { cases } = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as {
      readonly cases: readonly Case[];
    };
    for (const asked of cases.filter(({ name }) => only.length === 0 || only.includes(name))) {
      const { name } = asked;
      if (asked.runs === undefined) {
        tell({ name, outcome: "skipped", reason: "Airflow itself gave an error" });
        continue;
      }
      if (asked.cron === undefined && !Number.isInteger(asked.delta_seconds)) {
        tell({
          name,
          outcome: "skipped",
          reason: "a distance in calendar months or fractions of a second is not spoken",
        });
        continue;
      }
      const reason = await faultOf(asked, asked.runs);
      if (reason === undefined) tell({ name, outcome: "passed" });
      else tell({ name, outcome: "failed", reason });
    }
  },
};

async function faultOf(asked: Case, expected: readonly Interval[]): Promise<string | undefined> {
  const { start_date: start, manual, cron_trigger_runs: triggers = [] } = asked;
  const { runs } = await show(asked, { from: start, runs: Math.max(expected.length, triggers.length) });
  const faults = [
    difference("runs", runs.slice(0, expected.length), expected),
    difference(
      "times",
      runs.slice(0, Math.max(0, triggers.length - 1)).map(({ end }) => end),
      triggers.slice(1).map(({ run_after: at }) => at),
    ),
  ];
  if (manual !== undefined) {
    const { lastInterval } = await show(asked, { from: manual.run_after, runs: 1 });
    faults.push(difference("a run started by hand", [lastInterval], [manual]));
  }
  return faults.find((fault) => fault !== undefined);
}

async function show(
  { cron: fields, delta_seconds: seconds, timezone }: Case,
  { from, runs }: { readonly from: string; readonly runs: number },
): Promise<Answer> {
  const schedule = fields === undefined ? ["--every", `${seconds}s`] : ["--cron", fields, "--timezone", timezone];
  const range = ["--from", from, "--runs", String(runs)];
  return JSON.parse(await mustRunMill(["schedule", "show", ...schedule, ...range, "--json"])) as Answer;
}

function difference(
  what: string,
  found: readonly (Interval | string)[],
  expected: readonly (Interval | string)[],
): string | undefined {
  const [ours, theirs] = [found.map(plain), expected.map(plain)];
  return isDeepStrictEqual(ours, theirs)
    ? undefined
    : `${what}: ${JSON.stringify(ours)} in place of ${JSON.stringify(theirs)}`;
}

function plain(value: Interval | string): readonly number[] {
  return typeof value === "string" ? [Date.parse(value)] : [Date.parse(value.start), Date.parse(value.end)];
}
