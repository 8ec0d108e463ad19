import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { timetable, type DataInterval, type Schedule } from "../src/index.ts";

interface Case {
  readonly name: string;
  readonly cron?: string;
  readonly delta_seconds?: number;
  readonly timezone: string;
  readonly start_date: string;
  readonly runs: readonly { readonly start: string; readonly end: string }[];
  readonly manual?: { readonly run_after: string; readonly start: string; readonly end: string };
  readonly cron_trigger_runs?: readonly { readonly run_after: string }[];
}

// Recorded from Airflow 3.3.2: instants in UTC.
const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, "cases", "cron.json"), "utf8")) as {
  readonly cases: readonly Case[];
};
const ms = (text: string) => Date.parse(text);
const text = ({ startMs, endMs }: DataInterval) => ({ start: iso(startMs), end: iso(endMs) });
const iso = (atMs: number) => new Date(atMs).toISOString().replace(".000Z", "Z");
const scheduleOf = ({ cron, delta_seconds: seconds, timezone }: Case): Schedule =>
  cron === undefined ? { every: `${seconds}s` } : { cron, timezone };

describe("as Airflow has it", () => {
  test.each(cases)("$name", (recorded) => {
    const times = timetable(scheduleOf(recorded));
    const { runs, manual, cron_trigger_runs: triggers, start_date: start } = recorded;
    const intervals = Iterator.from(times.intervalsFrom(ms(start)))
      .take(runs.length)
      .map(text)
      .toArray();
    expect(intervals).toEqual(runs.map(({ start, end }) => ({ start, end })));
    if (manual !== undefined)
      expect(text(times.lastIntervalAt(ms(manual.run_after)))).toEqual({ start: manual.start, end: manual.end });
    for (const [index, trigger] of (triggers ?? []).slice(1).entries())
      expect(iso(times.nextAfter(ms(triggers?.[index]?.run_after ?? "")))).toBe(trigger.run_after);
  });
});

describe("a schedule that cannot be", () => {
  test.each([
    ["a minute that no hour has", { cron: "61 * * * *" }, /Invalid value for minute: 61/],
    ["too few fields", { cron: "* * *" }, /has 3 fields/],
    ["seconds, which a road has no use for", { cron: "0 0 6 * * *" }, /has 6 fields/],
    ["a day that never comes", { cron: "0 0 31 2 *" }, /no day is so/],
    ["an unknown zone", { cron: "0 6 * * *", timezone: "Europe/Zurch" }, /Europe\/Zurch/],
    ["a distance of nothing", { every: "0h" }, /"0h"/],
  ])("%s", (_name, schedule, because) => {
    expect(() => timetable(schedule)).toThrow(
      expect.objectContaining({
        code: "orchestration/bad-schedule",
        because: expect.stringMatching(because) as string,
      }),
    );
  });
});

test("says itself in words", () => {
  expect(timetable({ cron: "30 6 * * 1-5", timezone: "Europe/Zurich" }).words).toBe(
    "At 06:30, Monday through Friday (Europe/Zurich)",
  );
});
