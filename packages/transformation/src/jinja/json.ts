import { isMap, isObject, isTrue, numberOf, toNumber, toText, type JinjaValue } from "./values.ts";

/** JSON as Python's `json.dumps` writes it: with a space after each comma and colon. */
export function toJson(
  value: JinjaValue,
  { sortKeys = false, indent }: { readonly sortKeys?: boolean; readonly indent?: JinjaValue } = {},
): string {
  const width = indent === undefined || indent === null ? undefined : toNumber(indent);
  return written(value, { sortKeys, width, depth: 0 });
}

interface Writing {
  readonly sortKeys: boolean;
  readonly width: number | undefined;
  readonly depth: number;
}

function written(value: JinjaValue, how: Writing): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (typeof value === "string") return asciiText(value);
  const inner = { ...how, depth: how.depth + 1 };
  if (Array.isArray(value))
    return enclosed(
      value.map((item) => written(item, inner)),
      { brackets: "[]", how },
    );
  if (isMap(value)) {
    const entries = [...value];
    if (how.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = entries.map(([key, item]) => `${asciiText(key)}: ${written(item, inner)}`);
    return enclosed(parts, { brackets: "{}", how });
  }
  if (isObject(value) && value.jinja === "float") return value.toText();
  return isObject(value) && numberOf(value) !== undefined ? String(numberOf(value)) : asciiText(toText(value));
}

function enclosed(
  parts: readonly string[],
  { brackets, how }: { readonly brackets: string; readonly how: Writing },
): string {
  const [open = "", close = ""] = brackets;
  if (parts.length === 0) return open + close;
  if (how.width === undefined) return `${open}${parts.join(", ")}${close}`;
  const pad = " ".repeat(how.width * (how.depth + 1));
  return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${" ".repeat(how.width * how.depth)}${close}`;
}

function asciiText(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whether an option of `tojson` or `toyaml` is set. */
export function wants(named: ReadonlyMap<string, JinjaValue>, name: string): boolean {
  return isTrue(named.get(name));
}
