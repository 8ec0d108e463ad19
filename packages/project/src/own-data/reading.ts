import { dateReading, digitDateReading } from "./date-formats.ts";
import { isText, rawText, type RawColumn } from "./profile.ts";
import { isNumber, MISSING_MARKS, MISSING_WORDS, truthOf, type NumberStyle, type ValueCount } from "./values.ts";
import { quoteText } from "@millwright/lakehouse";

/** How a column's values are read, in words that SQL can be made of. */
type Reading =
  | { readonly kind: "number" | "whole"; readonly style: NumberStyle; readonly isOrnamented: boolean }
  | { readonly kind: "truth"; readonly yes: string | null }
  | {
      readonly kind: "time";
      readonly formats: readonly string[];
      readonly hasTime: boolean;
      readonly isAmbiguous: boolean;
    }
  | { readonly kind: "text"; readonly spellings: Spellings }
  | { readonly kind: "nested" };

/** For a value that is written in capitals here and small letters there: in small letters, and as most rows have it. */
type Spellings = readonly (readonly [small: string, usual: string])[];

export interface ColumnReading {
  readonly reading: Reading;
  /** Texts that stand for a missing value, in small letters. */
  readonly missing: readonly string[];
  /** The file's own type is taken as it is. */
  readonly isTyped: boolean;
  readonly why: string;
}

/** Of the values that are there, so many must read as a number or time for the column to be one. */
const SHARE_READ = 0.95;

/** Guesses what a column holds: by its type where the file says one, else by its values. */
export function readColumn(column: RawColumn): ColumnReading {
  if (!isText(column.type)) return typedReading(column);
  const named = (words: readonly string[]) => missingIn(column.values, words);
  const bare = column.values.filter(({ text }) => !MISSING_WORDS.includes(text.toLowerCase()));
  if (bare.length === 0) return { ...textReading(column.values), missing: [], isTyped: false };
  const special =
    truthReading(bare) ?? timeReading(digitDateReading(bare)) ?? numberReading(bare) ?? timeReading(dateReading(bare));
  if (special !== undefined) return { ...special, missing: named(MISSING_WORDS), isTyped: false };
  const marks = named(MISSING_MARKS);
  const kept = column.values.filter(({ text }) => !marks.includes(text.toLowerCase()));
  return { ...textReading(kept), missing: marks, isTyped: false };
}

function typedReading({ type }: RawColumn): ColumnReading {
  const why = `the file says ${type.toLowerCase()}`;
  const typed = (reading: Reading): ColumnReading => ({ reading, missing: [], isTyped: true, why });
  if (type === "BOOLEAN") return typed({ kind: "truth", yes: null });
  if (/^(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/.test(type))
    return typed({ kind: "whole", style: "plain", isOrnamented: false });
  if (/^(?:FLOAT|DOUBLE|DECIMAL)/.test(type)) return typed({ kind: "number", style: "plain", isOrnamented: false });
  if (/^(?:DATE|TIMESTAMP)/.test(type))
    return typed({ kind: "time", formats: [], hasTime: type !== "DATE", isAmbiguous: false });
  return typed({ kind: "nested" });
}

type Found = Pick<ColumnReading, "reading" | "why">;

function truthReading(values: readonly ValueCount[]): Found | undefined {
  const truth = truthOf(values);
  if (truth === undefined) return undefined;
  return { reading: { kind: "truth", yes: truth.yes }, why: `its values are ${truth.yes} and ${truth.no}` };
}

function numberReading(values: readonly ValueCount[]): Found | undefined {
  const shares = (["plain", "grouped", "comma"] as const).map((style) => ({
    style,
    share: shareOf(values, ({ text }) => isNumber(text, style)),
  }));
  const best = shares.reduce((one, other) => (other.share > one.share ? other : one));
  if (best.share < SHARE_READ || shareOf(values, ({ text }) => /^0\d+$/.test(text)) > 0.05) return undefined;
  const isOrnamented = values.some(({ text }) => /[$€£¥%\s']/.test(text));
  const isWhole =
    best.style === "plain" && values.every(({ text }) => /^[+-]?\d{1,15}$/.test(text) || !isNumber(text, "plain"));
  const written = { plain: "", grouped: ", with commas between thousands", comma: ", with a decimal comma" }[
    best.style
  ];
  return {
    reading: { kind: isWhole ? "whole" : "number", style: best.style, isOrnamented },
    why: `${percent(best.share)} of its values are ${isWhole ? "whole numbers" : "numbers"}${written}`,
  };
}

function timeReading(dates: ReturnType<typeof dateReading>): Found | undefined {
  if (dates === undefined || dates.share < SHARE_READ) return undefined;
  const { formats, hasTime, isAmbiguous } = dates;
  const many = formats.length === 1 ? "" : `in ${formats.length} formats: `;
  const doubt = isAmbiguous ? "; day and month could be exchanged" : "";
  return {
    reading: { kind: "time", formats, hasTime, isAmbiguous },
    why: `${percent(dates.share)} of its values are dates, ${many}${formats.join(" | ")}${doubt}`,
  };
}

function textReading(values: readonly ValueCount[]): Found {
  const spellings = spellingsOf(values);
  const why =
    spellings.length === 0 ? "text" : "text, written in capitals here and small letters there: the usual way is taken";
  return { reading: { kind: "text", spellings }, why };
}

const SPELLINGS_MAX = 30;

/** The values come with the most frequent first, so that the first of a spelling is the usual one. */
function spellingsOf(values: readonly ValueCount[]): Spellings {
  const bySmall = Map.groupBy(values, ({ text }) => text.toLowerCase());
  const several = [...bySmall].filter(([, written]) => written.length > 1);
  if (several.length > SPELLINGS_MAX) return [];
  return several.map(([small, [usual]]) => [small, usual?.text ?? small]);
}

function missingIn(values: readonly ValueCount[], words: readonly string[]): readonly string[] {
  return words.filter((word) => values.some(({ text }) => text.toLowerCase() === word));
}

function shareOf(values: readonly ValueCount[], holds: (value: ValueCount) => boolean): number {
  const rows = (some: readonly ValueCount[]) => some.reduce((sum, value) => sum + value.rows, 0);
  return rows(values.filter(holds)) / rows(values);
}

export function percent(share: number): string {
  const hundredths = share * 100;
  return `${hundredths > 99 && hundredths < 100 ? "over 99" : Math.round(hundredths)} %`;
}

/** The SQL that reads a column's value; null where it is missing or cannot be read. */
export function readingSql(
  { name, type }: Pick<RawColumn, "name" | "type">,
  { reading, missing, isTyped }: ColumnReading,
): string {
  const raw = `"${name.replaceAll('"', '""')}"`;
  if (isTyped) return typedSql(raw, { type, reading });
  const text = missing.length === 0 ? `trim(${rawText(name, type)})` : withoutMissing(rawText(name, type), missing);
  switch (reading.kind) {
    case "truth":
      return `(lower(${text}) = ${quoteText(reading.yes ?? "true")})::int`;
    case "number":
    case "whole":
      return `try_cast(${bareNumber(text, reading)} as ${reading.kind === "whole" ? "bigint" : "double"})`;
    case "time":
      return timeSql(text, reading.formats);
    default:
      return reading.kind === "text" ? textSql(text, reading.spellings) : `nullif(${text}, '')`;
  }
}

function textSql(text: string, spellings: Spellings): string {
  if (spellings.length === 0) return `nullif(${text}, '')`;
  const cases = spellings.map(([small, usual]) => `when ${quoteText(small)} then ${quoteText(usual)}`);
  return `case lower(${text}) ${cases.join(" ")} else nullif(${text}, '') end`;
}

function typedSql(raw: string, { type, reading }: { readonly type: string; readonly reading: Reading }): string {
  if (reading.kind === "truth") return `${raw}::int`;
  if (reading.kind === "number") return type === "DOUBLE" ? raw : `${raw}::double`;
  if (reading.kind === "time" && type !== "TIMESTAMP") return `${raw}::timestamp`;
  return reading.kind === "whole" && type !== "BIGINT" ? `${raw}::bigint` : raw;
}

function withoutMissing(text: string, missing: readonly string[]): string {
  const words = missing.map(quoteText).join(", ");
  return `case when lower(trim(${text})) not in (${words}) then trim(${text}) end`;
}

function bareNumber(
  text: string,
  { style, isOrnamented }: { readonly style: NumberStyle; readonly isOrnamented: boolean },
): string {
  const bare = isOrnamented ? `regexp_replace(${text}, '[$€£¥%\\s'']', '', 'g')` : text;
  if (style === "grouped") return `replace(${bare}, ',', '')`;
  return style === "comma" ? `replace(replace(${bare}, '.', ''), ',', '.')` : bare;
}

/** A time in UTC. A list in which one format knows of zones makes times with zones of all. */
function timeSql(text: string, formats: readonly string[]): string {
  const time = `try_strptime(${text}, ${formatsSql(formats)})`;
  return formats.some((format) => format.endsWith("%z")) ? `${time}::timestamp` : time;
}

function formatsSql(formats: readonly string[]): string {
  const [first = ""] = formats;
  return formats.length === 1 ? quoteText(first) : `[${formats.map(quoteText).join(", ")}]`;
}
