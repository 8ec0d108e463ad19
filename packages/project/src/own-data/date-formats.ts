import type { ValueCount } from "./values.ts";

interface DateFormat {
  /** As the SQL engine's `strptime` reads it. */
  readonly format: string;
  readonly pattern: RegExp;
  /** The places of day and month in the pattern where both are numbers: neither may be too large. */
  readonly day?: number;
  readonly month?: number;
  readonly hasTime?: boolean;
}

const MONTHS = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
const FULL_MONTHS = "(?:january|february|march|april|may|june|july|august|september|october|november|december)";
const CLOCKS = [
  { format: "", pattern: "" },
  { format: " %H:%M", pattern: " \\d{1,2}:\\d{2}" },
  { format: " %H:%M:%S", pattern: " \\d{1,2}:\\d{2}:\\d{2}" },
  { format: " %I:%M %p", pattern: " \\d{1,2}:\\d{2} [ap]m" },
];
/** Day and month are the groups of these names. */
const DAYS: readonly (readonly [format: string, pattern: string])[] = [
  ["%Y-%m-%d", "\\d{4}-(?<month>\\d{1,2})-(?<day>\\d{1,2})"],
  ["%Y/%m/%d", "\\d{4}/(?<month>\\d{1,2})/(?<day>\\d{1,2})"],
  ["%Y.%m.%d", "\\d{4}\\.(?<month>\\d{1,2})\\.(?<day>\\d{1,2})"],
  ["%d.%m.%Y", "(?<day>\\d{1,2})\\.(?<month>\\d{1,2})\\.\\d{4}"],
  ["%m/%d/%Y", "(?<month>\\d{1,2})/(?<day>\\d{1,2})/\\d{4}"],
  ["%d/%m/%Y", "(?<day>\\d{1,2})/(?<month>\\d{1,2})/\\d{4}"],
  ["%d-%m-%Y", "(?<day>\\d{1,2})-(?<month>\\d{1,2})-\\d{4}"],
  ["%m-%d-%Y", "(?<month>\\d{1,2})-(?<day>\\d{1,2})-\\d{4}"],
  ["%m/%d/%y", "(?<month>\\d{1,2})/(?<day>\\d{1,2})/\\d{2}"],
  ["%d.%m.%y", "(?<day>\\d{1,2})\\.(?<month>\\d{1,2})\\.\\d{2}"],
  ["%d %b %Y", `\\d{1,2} ${MONTHS} \\d{4}`],
  ["%d %B %Y", `\\d{1,2} ${FULL_MONTHS} \\d{4}`],
  ["%b %d %Y", `${MONTHS} \\d{1,2} \\d{4}`],
  ["%b %d, %Y", `${MONTHS} \\d{1,2}, \\d{4}`],
  ["%B %d, %Y", `${FULL_MONTHS} \\d{1,2}, \\d{4}`],
  ["%d-%b-%Y", `\\d{1,2}-${MONTHS}-\\d{4}`],
  ["%d-%b-%y", `\\d{1,2}-${MONTHS}-\\d{2}`],
  ["%b %Y", `${MONTHS} \\d{4}`],
  ["%Y-%m", "\\d{4}-(?<month>\\d{1,2})"],
];
/** A time with its distance from UTC, of which UTC remains: `2024-05-01T10:00:00+02:00`. */
function zoned(between: string, fraction: { readonly format: string; readonly pattern: string }): DateFormat {
  const pattern = `^\\d{4}-\\d{2}-\\d{2}${between}\\d{2}:\\d{2}:\\d{2}${fraction.pattern}[+-]\\d{2}(?::?\\d{2})?$`;
  return { format: `%Y-%m-%d${between}%H:%M:%S${fraction.format}%z`, pattern: new RegExp(pattern), hasTime: true };
}

const ISO: readonly DateFormat[] = [
  { format: "%Y-%m-%dT%H:%M", pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, hasTime: true },
  { format: "%Y-%m-%dT%H:%M:%S", pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/, hasTime: true },
  { format: "%Y-%m-%dT%H:%M:%S.%f", pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}$/, hasTime: true },
  { format: "%Y-%m-%dT%H:%M:%SZ", pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, hasTime: true },
  { format: "%Y-%m-%dT%H:%M:%S.%fZ", pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}Z$/, hasTime: true },
  ...["T", " "].flatMap((between) => [
    zoned(between, { format: "", pattern: "" }),
    zoned(between, { format: ".%f", pattern: "\\.\\d{1,6}" }),
  ]),
  { format: "%Y-%m-%d %H:%M:%S.%f", pattern: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{1,6}$/, hasTime: true },
];
/** Days in digits alone: numbers, were they not all days of the last century or this one. */
const DIGITS: readonly DateFormat[] = [
  { format: "%Y%m%d", pattern: /^(?:19|20)\d{2}(?<month>\d{2})(?<day>\d{2})$/ },
  {
    format: "%Y%m%d%H%M%S",
    pattern: /^(?:19|20)\d{2}(?<month>\d{2})(?<day>\d{2})(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/,
    hasTime: true,
  },
];
const FORMATS: readonly DateFormat[] = [
  ...ISO,
  ...DAYS.flatMap(([format, pattern]) =>
    CLOCKS.map((clock) => ({
      format: `${format}${clock.format}`,
      pattern: new RegExp(`^${pattern}${clock.pattern}$`, "i"),
      hasTime: clock.format !== "",
    })),
  ),
];

export interface DateReading {
  /** In the order in which they are tried. */
  readonly formats: readonly string[];
  readonly hasTime: boolean;
  /** The share of rows that one of the formats reads. */
  readonly share: number;
  /** Both day first and month first would read the same values. */
  readonly isAmbiguous: boolean;
}

const FORMATS_MAX = 5;
const LEAST_SHARE = 0.005;

/**
 * The formats that a column's dates are written in: the one that reads most rows, then the one that reads most of the rest,
 * and so on. Undefined where none reads any.
 */
export function dateReading(values: readonly ValueCount[]): DateReading | undefined {
  return readingBy(FORMATS, values);
}

/** The same for days that are written in digits alone: they read as numbers too, so all of them must be days. */
export function digitDateReading(values: readonly ValueCount[]): DateReading | undefined {
  const read = readingBy(DIGITS, values);
  return read?.share === 1 ? read : undefined;
}

function readingBy(formats: readonly DateFormat[], values: readonly ValueCount[]): DateReading | undefined {
  const all = rowsOf(values);
  const chosen: DateFormat[] = [];
  let rest = values;
  while (rest.length > 0 && chosen.length < FORMATS_MAX) {
    const best = bestFormat(formats, rest);
    if (best === undefined || rowsOf(best.read) < all * LEAST_SHARE) break;
    chosen.push(best.format);
    rest = rest.filter((value) => !best.read.includes(value));
  }
  if (chosen.length === 0) return undefined;
  return {
    formats: chosen.map(({ format }) => format),
    hasTime: chosen.some(({ hasTime }) => hasTime === true),
    share: 1 - rowsOf(rest) / all,
    isAmbiguous: chosen.some((format) => isAmbiguous(format, values)),
  };
}

function bestFormat(formats: readonly DateFormat[], values: readonly ValueCount[]) {
  let best: { readonly format: DateFormat; readonly read: readonly ValueCount[] } | undefined;
  for (const format of formats) {
    const read = values.filter(({ text }) => reads(format, text));
    if (read.length > 0 && (best === undefined || rowsOf(read) > rowsOf(best.read))) best = { format, read };
  }
  return best;
}

function reads({ pattern }: DateFormat, text: string): boolean {
  const found = pattern.exec(text);
  if (found === null) return false;
  const { day = "1", month = "1" } = found.groups ?? {};
  return isWithin(Number(day), 31) && isWithin(Number(month), 12);
}

function isWithin(value: number, max: number): boolean {
  return value >= 1 && value <= max;
}

/** Whether exchanging day and month reads as many of the values that a format reads. */
function isAmbiguous(format: DateFormat, values: readonly ValueCount[]): boolean {
  const swapped = format.format.replace(/%([md])(.)%([md])/, "%$3$2%$1");
  const other = FORMATS.find((candidate) => candidate.format === swapped && swapped !== format.format);
  if (other === undefined) return false;
  const read = values.filter(({ text }) => reads(format, text));
  return read.every(({ text }) => reads(other, text));
}

function rowsOf(values: readonly ValueCount[]): number {
  return values.reduce((sum, { rows }) => sum + rows, 0);
}
