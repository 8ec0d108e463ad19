/** What a template computes with. Objects are maps without a prototype, so no name reaches into JavaScript. */
export type JinjaValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | JinjaList
  | JinjaMap
  | JinjaFunction
  | JinjaObject;
type JinjaList = JinjaValue[];
export type JinjaMap = Map<string, JinjaValue>;
export interface JinjaFunction {
  (args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): JinjaValue;
}

/** A thing with members of its own (a relation, a column, a date), which prints as `toText` says. */
export interface JinjaObject {
  readonly jinja: string;
  get(name: string): JinjaValue;
  toText(): string;
  /** What `str` arithmetic and comparisons see; absent: the text. */
  readonly number?: number;
  /** What a loop goes over. */
  readonly items?: readonly JinjaValue[];
  calculate?(operator: string, other: JinjaValue): JinjaValue;
}

export function isMap(value: JinjaValue): value is JinjaMap {
  return value instanceof Map;
}

export function isObject(value: JinjaValue): value is JinjaObject {
  return typeof value === "object" && value !== null && "jinja" in value;
}

/** A whole number that Python would write with a point. */
export function float(value: number): JinjaValue {
  if (!Number.isInteger(value)) return value;
  return { jinja: "float", number: value, get: () => undefined, toText: () => `${value}.0` };
}

/** A number, a boolean as one, or a thing that counts as one. */
export function numberOf(value: JinjaValue): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return isObject(value) ? value.number : undefined;
}

/** A number from whatever stands for one; NaN where nothing does. */
export function toNumber(value: JinjaValue): number {
  return numberOf(value) ?? Number(toText(value));
}

const tuples = new WeakSet<JinjaList>();

/** A list that prints in round brackets, as Python's tuples do. */
export function tuple(...items: JinjaValue[]): JinjaValue[] {
  tuples.add(items);
  return items;
}

function isTuple(value: JinjaValue): boolean {
  return Array.isArray(value) && tuples.has(value);
}

export function isTrue(value: JinjaValue): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return value.number === undefined ? value.items?.length !== 0 : value.number !== 0;
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
  if (Array.isArray(value)) return listText(value);
  if (isMap(value)) return `{${[...value].map(([key, inner]) => `${repr(key)}: ${repr(inner)}`).join(", ")}}`;
  if (typeof value === "function") return "<function>";
  return isObject(value) ? value.toText() : toText(value);
}

function listText(list: readonly JinjaValue[] & JinjaList): string {
  const inner = list.map(repr).join(", ");
  if (!isTuple(list)) return `[${inner}]`;
  return list.length === 1 ? `(${inner},)` : `(${inner})`;
}

export function equals(a: JinjaValue, b: JinjaValue): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equals(item, b[index]));
  if (isMap(a) && isMap(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equals(value, b.get(key)));
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return x === y;
  if (isObject(a) && isObject(b)) return a === b || (a.jinja === b.jinja && a.toText() === b.toText());
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
  if (isObject(value)) return value.number ?? value.toText();
  return typeof value === "function" ? undefined : (value ?? null);
}
