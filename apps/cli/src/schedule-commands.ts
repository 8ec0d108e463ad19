import { Type } from "@millwright/kernel";
import { timetable, type DataInterval, type Schedule } from "@millwright/orchestration";
import { platformErrors, textTable, type Command, type CommandCall } from "@millwright/platform";
import { loadProject } from "@millwright/project";
import { installation } from "@millwright/server";
import { projectDirOf } from "./hold-project.ts";

const DEFAULT_RUNS = 5;
const INTERVAL = Type.Object({ start: Type.String(), end: Type.String() }, { description: "The data of one run." });

const show: Command = {
  name: "schedule show",
  summary: "when the road is taken under `mill up`, or when a schedule that one has in mind would take it",
  arguments: [],
  options: {
    cron: { value: "FIELDS", summary: "five cron fields, in place of the project's schedule" },
    every: { value: "TIME", summary: "a distance such as 6h, in place of the project's schedule" },
    timezone: { value: "ZONE", summary: "of --cron: an IANA name (UTC)" },
    from: { value: "TIME", summary: "an instant in ISO 8601 from which to tell (now)" },
    runs: { value: "RUNS", summary: `how many (${DEFAULT_RUNS})` },
  },
  example: 'mill schedule show --cron "0 6 * * MON-FRI" --timezone Europe/Zurich',
  output: Type.Object({
    schedule: Type.Union([
      Type.Object({
        cron: Type.Optional(Type.String()),
        every: Type.Optional(Type.String()),
        timezone: Type.Optional(Type.String()),
      }),
      Type.Null(),
    ]),
    words: Type.Union([Type.String(), Type.Null()]),
    runs: Type.Array(INTERVAL),
    lastInterval: Type.Union([INTERVAL, Type.Null()]),
  }),
  handler: async (call) => {
    const schedule = optionSchedule(call) ?? (await projectSchedule(call));
    if (schedule === undefined) {
      call.out.result({ schedule: null, words: null, runs: [], lastInterval: null }, () => NO_SCHEDULE);
      return 0;
    }
    const table = timetable(schedule);
    const fromMs = instantOf(call.options["from"]);
    const runs = Iterator.from(table.intervalsFrom(fromMs)).take(countOf(call.options["runs"])).map(dated).toArray();
    call.out.result(
      { schedule, words: table.words, runs, lastInterval: dated(table.lastIntervalAt(fromMs)) },
      ({ words }) =>
        `${words}\n${textTable(
          ["run at", "data from", "to"],
          runs.map(({ start, end }) => [end, start, end]),
        )}`,
    );
    return 0;
  },
};

const NO_SCHEDULE =
  'the project has no schedule: `mill up` takes the road at its start only. Give it one in millwright.ts: `schedule: { cron: "0 6 * * *" }`';

function dated({ startMs, endMs }: DataInterval): { readonly start: string; readonly end: string } {
  return { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
}

function optionSchedule({ options: { cron, every, timezone } }: CommandCall): Schedule | undefined {
  if (typeof every === "string") return { every };
  if (typeof cron !== "string") return undefined;
  return typeof timezone === "string" ? { cron, timezone } : { cron };
}

async function projectSchedule(call: CommandCall): Promise<Schedule | undefined> {
  const projectDir = await projectDirOf(call);
  const project = await loadProject({ projectDir, millwrightUrl: installation().millwrightUrl });
  return project.settings.schedule;
}

function instantOf(text: string | boolean | undefined): number {
  if (text === undefined) return Date.now();
  const atMs = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw platformErrors.create("platform/usage", {
    because: `--from: ${JSON.stringify(text)} is not an instant`,
    remedy: "Give it in ISO 8601: `--from 2026-03-29T00:00:00Z`.",
  });
}

function countOf(text: string | boolean | undefined): number {
  const count = Number(text ?? DEFAULT_RUNS);
  if (Number.isInteger(count) && count > 0 && count <= 1_000) return count;
  throw platformErrors.create("platform/usage", {
    because: `--runs: ${JSON.stringify(text)} is not a number from 1 to 1000`,
    remedy: "Give it as `--runs 10`.",
  });
}

export const scheduleCommands: readonly Command[] = [show];
