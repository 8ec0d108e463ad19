import { listOf } from "./collections.ts";
import { CallRefusal } from "./signals.ts";
import {
  isObject,
  toNumber,
  toText,
  tuple,
  type JinjaFunction,
  type JinjaMap,
  type JinjaObject,
  type JinjaValue,
} from "./values.ts";

// The parts of Python's standard modules that dbt hands to templates.

const DAY_MS = 86_400_000;
const NAMES = "Sunday,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday".split(",");
const MONTHS = "January,February,March,April,May,June,July,August,September,October,November,December".split(",");

/** `modules`: datetime, re, itertools, pytz. `nowMs` is one instant for the whole invocation. */
export function pythonModules(nowMs: number): JinjaMap {
  return new Map<string, JinjaValue>([
    ["datetime", datetimeModule(nowMs)],
    ["re", regexModule()],
    ["itertools", itertoolsModule()],
    [
      "pytz",
      new Map<string, JinjaValue>([
        ["utc", "UTC"],
        ["timezone", ([name]) => name],
      ]),
    ],
  ]);
}

function datetimeModule(nowMs: number): JinjaMap {
  const now: JinjaFunction = () => moment(nowMs, false);
  return new Map<string, JinjaValue>([
    [
      "datetime",
      constructor(
        (args, named) => moment(fromParts(args, named), false),
        [
          ["now", now],
          ["utcnow", now],
          ["today", now],
          ["strptime", ([text, format]) => moment(parseTime(toText(text), toText(format)), false)],
          ["fromisoformat", ([text]) => moment(isoMs(toText(text)), false)],
          ["combine", ([day]) => day],
        ],
      ),
    ],
    [
      "date",
      constructor(
        (args, named) => moment(fromParts(args, named), true),
        [
          ["today", () => moment(nowMs - (nowMs % DAY_MS), true)],
          ["fromisoformat", ([text]) => moment(isoMs(toText(text)), true)],
        ],
      ),
    ],
    ["timedelta", (args, named) => duration(durationMs(args, named))],
    ["timezone", new Map<string, JinjaValue>([["utc", "UTC"]])],
  ]);
}

/** A class: it is called, and has functions of its own. */
function constructor(make: JinjaFunction, members: readonly (readonly [string, JinjaFunction])[]): JinjaFunction {
  return Object.assign(make, { members: new Map(members) });
}

function fromParts(args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): number {
  const names = ["year", "month", "day", "hour", "minute", "second"];
  const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = names.map((name, index) => {
    const given = named.get(name) ?? args[index];
    return given === undefined ? undefined : toNumber(given);
  });
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function isoMs(text: string): number {
  const ms = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) || text.length <= 10 ? text : `${text.replace(" ", "T")}Z`);
  if (Number.isNaN(ms)) throw new CallRefusal(`Invalid isoformat string: '${text}'`);
  return ms;
}

function moment(ms: number, isDate: boolean): JinjaObject {
  const date = new Date(ms);
  const parts: Readonly<Record<string, number>> = {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    microsecond: date.getUTCMilliseconds() * 1_000,
  };
  const methods: Readonly<Record<string, JinjaFunction>> = {
    strftime: ([format]) => formatTime(date, toText(format)),
    isoformat: () => (isDate ? isoDay(date) : isoDay(date) + "T" + isoTime(date)),
    date: () => moment(ms - (((ms % DAY_MS) + DAY_MS) % DAY_MS), true),
    weekday: () => (date.getUTCDay() + 6) % 7,
    isoweekday: () => ((date.getUTCDay() + 6) % 7) + 1,
    timestamp: () => ms / 1_000,
    timetuple: () => null,
    astimezone: () => moment(ms, isDate),
    replace: (_args, named) => moment(replacedParts(parts, named), isDate),
  };
  return {
    jinja: isDate ? "date" : "datetime",
    get: (name) =>
      Object.hasOwn(parts, name) ? parts[name] : Object.hasOwn(methods, name) ? methods[name] : undefined,
    toText: () => (isDate ? isoDay(date) : `${isoDay(date)} ${isoTime(date)}`),
    calculate: (operator, other) => {
      if (!isObject(other)) throw new CallRefusal(`\`${operator}\` does not go with a date and this`);
      const otherMs = msOf(other);
      if (other.jinja === "timedelta") return moment(operator === "-" ? ms - otherMs : ms + otherMs, isDate);
      return duration(ms - otherMs);
    },
  };
}

/** The instant or the length of a date or timedelta. */
function msOf(value: JinjaObject): number {
  const total = value.get("total_ms");
  if (typeof total === "number") return total;
  return isoMs(value.toText());
}

function replacedParts(parts: Readonly<Record<string, number>>, named: ReadonlyMap<string, JinjaValue>): number {
  const all = new Map<string, JinjaValue>([...Object.entries(parts), ...named]);
  return fromParts([], all);
}

function durationMs(args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): number {
  const units: readonly (readonly [string, number])[] = [
    ["days", DAY_MS],
    ["seconds", 1_000],
    ["microseconds", 0.001],
    ["milliseconds", 1],
    ["minutes", 60_000],
    ["hours", 3_600_000],
    ["weeks", 7 * DAY_MS],
  ];
  return units.reduce((sum, [name, ms], index) => sum + toNumber(named.get(name) ?? args[index] ?? 0) * ms, 0);
}

function duration(ms: number): JinjaObject {
  const days = Math.floor(ms / DAY_MS);
  const rest = ms - days * DAY_MS;
  const members: Readonly<Record<string, JinjaValue>> = {
    days,
    seconds: Math.floor(rest / 1_000),
    total_ms: ms,
    total_seconds: () => ms / 1_000,
  };
  const clock = new Date(rest).toISOString().slice(11, 19).replace(/^0/, "");
  return {
    jinja: "timedelta",
    get: (name) => (Object.hasOwn(members, name) ? members[name] : undefined),
    toText: () => (days === 0 ? clock : `${days} day${Math.abs(days) === 1 ? "" : "s"}, ${clock}`),
    calculate: (operator, other) => {
      if (isObject(other) && other.calculate !== undefined && other.jinja !== "timedelta")
        return other.calculate(operator, duration(ms));
      if (operator === "*") return duration(ms * toNumber(other));
      if (operator === "/") return duration(ms / toNumber(other));
      const otherMs = isObject(other) ? msOf(other) : 0;
      return duration(operator === "-" ? ms - otherMs : ms + otherMs);
    },
  };
}

function isoDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function isoTime(date: Date): string {
  const text = date.toISOString().slice(11, 23);
  return text.endsWith(".000") ? text.slice(0, 8) : `${text}000`;
}

function formatTime(date: Date, format: string): string {
  const iso = date.toISOString();
  const hour = date.getUTCHours();
  const yearDay = Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  const told: Readonly<Record<string, string>> = {
    Y: iso.slice(0, 4),
    y: iso.slice(2, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    I: String(hour % 12 === 0 ? 12 : hour % 12).padStart(2, "0"),
    p: hour < 12 ? "AM" : "PM",
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    f: `${iso.slice(20, 23)}000`,
    j: String(yearDay).padStart(3, "0"),
    A: NAMES[date.getUTCDay()] ?? "",
    a: (NAMES[date.getUTCDay()] ?? "").slice(0, 3),
    B: MONTHS[date.getUTCMonth()] ?? "",
    b: (MONTHS[date.getUTCMonth()] ?? "").slice(0, 3),
    w: String(date.getUTCDay()),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    Z: "",
    z: "",
    "%": "%",
  };
  return format.replaceAll(/%-?([A-Za-z%])/g, (whole: string, code: string) => {
    const text = told[code] ?? whole;
    return whole.startsWith("%-") ? text.replace(/^0(?=\d)/, "") : text;
  });
}

function parseTime(text: string, format: string): number {
  const codes: string[] = [];
  const pattern = format
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/%([A-Za-z])/g, (_, code: string) => {
      codes.push(code);
      return code === "b" || code === "B"
        ? String.raw`([A-Za-z]+)`
        : code === "Y"
          ? String.raw`(\d{4})`
          : String.raw`(\d{1,6})`;
    });
  const found = new RegExp(`^${pattern}$`).exec(text);
  if (found === null) throw new CallRefusal(`time data '${text}' does not match format '${format}'`);
  const value = (code: string, fallback: number) => {
    const at = codes.indexOf(code);
    return at === -1 ? fallback : Number(found[at + 1]);
  };
  const monthName = codes.findIndex((code) => code === "b" || code === "B");
  const month =
    monthName === -1
      ? value("m", 1)
      : MONTHS.findIndex((name) => name.slice(0, 3).toLowerCase() === found[monthName + 1]?.slice(0, 3).toLowerCase()) +
        1;
  const year = codes.includes("y") ? 2_000 + value("y", 0) : value("Y", 1900);
  return Date.UTC(year, month - 1, value("d", 1), value("H", 0), value("M", 0), value("S", 0));
}

function regexModule(): JinjaMap {
  const first: (start: string, end: string) => JinjaFunction =
    (start, end) =>
    ([pattern, text]) =>
      matchObject(regex(`${start}(?:${toText(pattern)})${end}`, "").exec(toText(text)));
  const all: JinjaFunction = ([pattern, text]) =>
    [...toText(text).matchAll(regex(toText(pattern), "g"))].map((found) =>
      found.length === 1 ? found[0] : found.length === 2 ? (found[1] ?? "") : tuple(...found.slice(1)),
    );
  return new Map<string, JinjaValue>([
    ["sub", ([pattern, to, text]) => toText(text).replaceAll(regex(toText(pattern), "g"), replacement(toText(to)))],
    ["match", first("^", "")],
    ["fullmatch", first("^", "$")],
    ["search", first("", "")],
    ["findall", all],
    ["split", ([pattern, text]) => toText(text).split(regex(toText(pattern), ""))],
    ["escape", ([text]) => toText(text).replaceAll(/[^\w]/g, String.raw`\$&`)],
    ["compile", ([pattern]) => compiled(toText(pattern))],
    ["IGNORECASE", 2],
  ]);
}

function compiled(pattern: string): JinjaMap {
  const module = regexModule();
  const bound =
    (name: string): JinjaFunction =>
    (args, named) => {
      const call = module.get(name);
      return typeof call === "function" ? call([pattern, ...args], named) : null;
    };
  return new Map(["sub", "match", "search", "findall", "split"].map((name) => [name, bound(name)]));
}

const REGEX_LENGTH_MAX = 1_000;

function regex(pattern: string, flags: string): RegExp {
  if (pattern.length > REGEX_LENGTH_MAX) throw new CallRefusal("the pattern is too long");
  const ignoresCase = pattern.includes("(?i)");
  const source = pattern.replaceAll(/\(\?[a-z]+\)/g, "").replaceAll("(?P<", "(?<");
  try {
    return new RegExp(source, flags + (ignoresCase ? "i" : ""));
  } catch {
    throw new CallRefusal(`the pattern ${JSON.stringify(pattern)} is no regular expression`);
  }
}

function replacement(to: string): string {
  return to
    .replaceAll("$", "$$$$")
    .replaceAll(/\\(\d)|\\g<(\w+)>/g, (_, digit?: string, name?: string) => `$${digit ?? name ?? ""}`);
}

function matchObject(found: RegExpExecArray | null): JinjaValue {
  if (found === null) return null;
  const groups: JinjaFunction = () => tuple(...found.slice(1));
  const group: JinjaFunction = ([which = 0]) =>
    typeof which === "number" ? found[which] : (found.groups?.[toText(which)] ?? null);
  return new Map<string, JinjaValue>([
    ["group", group],
    ["groups", groups],
    ["start", () => found.index],
    ["end", () => found.index + found[0].length],
  ]);
}

function itertoolsModule(): JinjaMap {
  return new Map<string, JinjaValue>([
    ["chain", (lists) => lists.flatMap((list) => [...listOf(list)])],
    ["product", (lists) => product(lists.map((list) => [...listOf(list)]))],
    ["combinations", ([list, size]) => combinations([...listOf(list)], toNumber(size))],
    [
      "permutations",
      ([list, size]) => permutations([...listOf(list)], size === undefined ? undefined : toNumber(size)),
    ],
    ["zip_longest", (lists) => longest(lists.map((list) => [...listOf(list)]))],
    ["count", ([start = 0]) => Array.from({ length: 1_000 }, (_, index) => toNumber(start) + index)],
    ["repeat", ([item, times = 1]) => Array.from({ length: Math.min(100_000, toNumber(times)) }, () => item)],
    ["accumulate", ([list]) => accumulated([...listOf(list)])],
    ["islice", ([list, end]) => listOf(list).slice(0, toNumber(end))],
    ["starmap", () => []],
  ]);
}

function product(lists: readonly (readonly JinjaValue[])[]): JinjaValue[] {
  const rows = lists.reduce<readonly (readonly JinjaValue[])[]>(
    (all, list) => all.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  );
  return rows.map((row) => tuple(...row));
}

function combinations(items: readonly JinjaValue[], size: number): JinjaValue[] {
  const pick = (start: number, left: number): JinjaValue[][] =>
    left === 0
      ? [[]]
      : items.slice(start).flatMap((item, index) => pick(start + index + 1, left - 1).map((rest) => [item, ...rest]));
  return pick(0, size).map((row) => tuple(...row));
}

function permutations(items: readonly JinjaValue[], size = items.length): JinjaValue[] {
  const pick = (rest: readonly JinjaValue[], left: number): JinjaValue[][] =>
    left === 0
      ? [[]]
      : rest.flatMap((item, index) => pick(rest.toSpliced(index, 1), left - 1).map((row) => [item, ...row]));
  return pick(items, size).map((row) => tuple(...row));
}

function longest(lists: readonly (readonly JinjaValue[])[]): JinjaValue[] {
  const length = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => tuple(...lists.map((list) => list[index] ?? null)));
}

function accumulated(items: readonly JinjaValue[]): JinjaValue[] {
  let sum = 0;
  return items.map((item) => (sum += toNumber(item)));
}
