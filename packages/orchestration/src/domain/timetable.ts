import { Cron } from "croner";
import cronstrue from "cronstrue";
import { orchestrationErrors } from "../errors.ts";

/** When something runs: five cron fields (or `@daily` and its like) in a time zone, or a fixed distance. */
export type Schedule =
  | { readonly cron: string; /** An IANA name; default UTC. */ readonly timezone?: string }
  | { /** A whole number and `s`, `m`, `h` or `d`: `6h`. */ readonly every: string };

/** The span of data that a scheduled run is about: from the time before to the time at which it is due. */
export interface DataInterval {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Instants in milliseconds since the epoch. The rules are those of Airflow's data-interval timetables, daylight saving
 * included: a fixed hour that a day has twice is the second one, one that a day lacks moves forward, and an hour field
 * of `*` goes by elapsed time.
 */
export interface Timetable {
  /** For a person: "At 06:00 (Europe/Zurich)". */
  readonly words: string;
  /** The first time after this one. */
  nextAfter(atMs: number): number;
  /** The last time before this one. */
  previousBefore(atMs: number): number;
  /** The intervals that start at or after an instant, in order, without an end. */
  intervalsFrom(startMs: number): Iterable<DataInterval>;
  /** The last whole interval at an instant: that of a run which a person starts then. */
  lastIntervalAt(atMs: number): DataInterval;
}

/** Throws `orchestration/bad-schedule`. */
export function timetable(schedule: Schedule): Timetable {
  return "cron" in schedule ? cronTimetable(schedule) : fixedTimetable(schedule.every);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function fixedTimetable(every: string): Timetable {
  const [, number, unit = ""] = /^([1-9]\d{0,8})([smhd])$/.exec(every) ?? [];
  if (number === undefined) throw bad(`every: ${JSON.stringify(every)} is not a number and one of s, m, h, d`);
  const stepMs = Number(number) * (UNIT_MS[unit] ?? 0);
  return {
    words: `Every ${every}`,
    nextAfter: (atMs) => atMs + stepMs,
    previousBefore: (atMs) => atMs - stepMs,
    *intervalsFrom(first) {
      for (let startMs = first; ; startMs += stepMs) yield { startMs, endMs: startMs + stepMs };
    },
    lastIntervalAt: (endMs) => ({ startMs: endMs - stepMs, endMs }),
  };
}

function cronTimetable({ cron, timezone = "UTC" }: { readonly cron: string; readonly timezone?: string }): Timetable {
  const fields = parseCron(cron);
  checkTimeZone(timezone);
  const goesByElapsedTime = fields.getPattern()?.trim().split(/\s+/)[1] === "*" || cron.trim() === "@hourly";
  const beside = (atMs: number, find: (wall: Date) => Date | null | undefined): number => {
    const wallMs = wallTime(atMs, timezone);
    const found = find(new Date(wallMs));
    if (found === null || found === undefined) throw bad(`cron: ${JSON.stringify(cron)} never comes`);
    return goesByElapsedTime ? atMs + (found.getTime() - wallMs) : instantOf(found.getTime(), timezone);
  };
  const nextAfter = (atMs: number) => beside(atMs, (wall) => fields.nextRun(wall));
  const previousBefore = (atMs: number) => beside(atMs, (wall) => fields.previousRuns(1, wall)[0]);
  /** The instant itself where it is one of the timetable's, else the one before. */
  const backTo = (atMs: number) => {
    const previous = previousBefore(atMs);
    return nextAfter(previous) === atMs ? atMs : previous;
  };
  const forwardTo = (atMs: number) => {
    const next = nextAfter(atMs);
    return previousBefore(next) === atMs ? atMs : next;
  };
  return {
    words: `${cronstrue.toString(cron, { use24HourTimeFormat: true, throwExceptionOnParseError: false })} (${timezone})`,
    nextAfter,
    previousBefore,
    *intervalsFrom(atMs) {
      for (let startMs = forwardTo(atMs); ;) {
        const endMs = nextAfter(startMs);
        yield { startMs, endMs };
        // In the hour that a day lacks two times may fall together; the second then begins the next interval.
        startMs = backTo(endMs);
      }
    },
    lastIntervalAt: (atMs) => {
      const endMs = backTo(atMs);
      return { startMs: previousBefore(endMs), endMs };
    },
  };
}

/** Fields that are read on a clock without a zone, which croner does on UTC. */
function parseCron(cron: string): Cron {
  // The last Friday is `L5` to Airflow and `5L` to croner.
  const pattern = cron.trim().replace(/(?<=^|[\s,])L([0-7]|[A-Za-z]{3})(?=$|[\s,])/g, "$1L");
  const parts = pattern.split(/\s+/).length;
  if (!pattern.startsWith("@") && parts !== 5) throw bad(`cron: ${JSON.stringify(cron)} has ${parts} fields, not five`);
  try {
    const fields = new Cron(pattern, { timezone: "UTC", mode: "5-part", paused: true, sloppyRanges: true });
    if (fields.nextRun(new Date(0)) === null) throw new Error("no day is so");
    return fields;
  } catch (error) {
    throw bad(
      `cron: ${JSON.stringify(cron)}: ${error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error)}`,
    );
  }
}

function checkTimeZone(timezone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timezone);
  } catch {
    throw bad(`timezone: there is none called ${JSON.stringify(timezone)}`);
  }
}

/** What a wall clock shows, written as if it were UTC. */
function wallTime(atMs: number, timezone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timezone).toPlainDateTime();
  return local.toZonedDateTime("UTC").epochMilliseconds;
}

function instantOf(wallMs: number, timezone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO("UTC").toPlainDateTime();
  return local.toZonedDateTime(timezone, { disambiguation: "later" }).epochMilliseconds;
}

function bad(because: string) {
  return orchestrationErrors.create("orchestration/bad-schedule", { because });
}
