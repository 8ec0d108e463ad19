/** What a template computes with. Objects are maps without a prototype, so no name reaches into JavaScript. */
export type JinjaValue = undefined | null | boolean | number | string | JinjaList | JinjaMap | JinjaFunction;
type JinjaList = JinjaValue[];
export type JinjaMap = Map<string, JinjaValue>;
export interface JinjaFunction {
  (args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): JinjaValue;
}

export function isMap(value: JinjaValue): value is JinjaMap {
  return value instanceof Map;
}

export function isTrue(value: JinjaValue): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return isMap(value) ? value.size > 0 : true;
}

/** Python's `str()`, which templates print by. */
export function toText(value: JinjaValue): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  return repr(value);
}

/** Python's `repr()`. */
function repr(value: JinjaValue): string {
  if (typeof value === "string")
    return value.includes("'") && !value.includes('"')
      ? `"${value}"`
      : `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n")}'`;
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (isMap(value)) return `{${[...value].map(([key, inner]) => `${repr(key)}: ${repr(inner)}`).join(", ")}}`;
  if (typeof value === "function") return "<function>";
  return toText(value);
}

export function equals(a: JinjaValue, b: JinjaValue): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equals(item, b[index]));
  if (isMap(a) && isMap(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equals(value, b.get(key)));
  if (typeof a === "boolean" && typeof b === "number") return Number(a) === b;
  if (typeof a === "number" && typeof b === "boolean") return a === Number(b);
  return (a ?? null) === (b ?? null);
}

/** Plain data (parsed YAML or JSON) as a template's value. */
export function fromPlain(value: unknown): JinjaValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value === "object") return new Map(Object.entries(value).map(([key, inner]) => [key, fromPlain(inner)]));
  return String(value as bigint);
}

export function toPlain(value: JinjaValue): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (isMap(value)) return Object.fromEntries([...value].map(([key, inner]) => [key, toPlain(inner)]));
  return typeof value === "function" ? undefined : (value ?? null);
}
