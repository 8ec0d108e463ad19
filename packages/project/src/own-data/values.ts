/** One of a column's values as text, trimmed, and how many rows have it. */
export interface ValueCount {
  readonly text: string;
  readonly rows: number;
}

/** Texts by which people say that a value is missing, in small letters. */
export const MISSING_WORDS = [
  "na",
  "n/a",
  "nan",
  "null",
  "none",
  "nil",
  "-",
  "--",
  "?",
  ".",
  "#n/a",
  "missing",
  "unknown",
];
/** Of these the ones that are no name of a kind. */
export const MISSING_MARKS = ["na", "n/a", "nan", "null", "-", "--", "?", "#n/a"];

export type NumberStyle = "plain" | "grouped" | "comma";

/** A number in each style, after currency signs, percent signs and blanks are taken away. */
const NUMBERS: Readonly<Record<NumberStyle, RegExp>> = {
  plain: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i,
  grouped: /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/,
  comma: /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?$/,
};
const ORNAMENTS = /[$€£¥%\s']/g;

function withoutOrnaments(text: string): string {
  return text.replaceAll(ORNAMENTS, "");
}

export function isNumber(text: string, style: NumberStyle): boolean {
  const bare = withoutOrnaments(text);
  return (
    NUMBERS[style].test(bare) ||
    (style !== "plain" && NUMBERS.plain.test(bare) && !bare.includes(".")) ||
    (style === "grouped" && NUMBERS.plain.test(bare))
  );
}

/** Words for yes, each with its no. */
const TRUTHS: readonly (readonly [yes: string, no: string])[] = [
  ["true", "false"],
  ["yes", "no"],
  ["y", "n"],
  ["t", "f"],
  ["ja", "nein"],
  ["oui", "non"],
  ["si", "no"],
  ["on", "off"],
];

/** The words for yes of a column that has such a pair and nothing else; undefined for any other. */
export function truthOf(values: readonly ValueCount[]): { readonly yes: string; readonly no: string } | undefined {
  const words = new Set(values.map(({ text }) => text.toLowerCase()));
  const pair = TRUTHS.find(([yes, no]) => words.has(yes) && words.has(no) && words.size === 2);
  return pair === undefined ? undefined : { yes: pair[0], no: pair[1] };
}
