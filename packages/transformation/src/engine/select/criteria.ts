import { isRecord, recordOf, recordsOf, textOf, type Plain } from "../plain.ts";
import { refused } from "../parse/parsing.ts";

export type IndirectSelection = "eager" | "cautious" | "buildable" | "empty";

/** One criterion: what is asked for, and which relatives come along. */
export interface Criterion {
  readonly kind: "criterion";
  readonly method: string;
  /** What stands after the method's dot: `config.materialized`. */
  readonly argument: string;
  readonly value: string;
  readonly parents: number;
  readonly children: number;
  /** `@`: everything below, with all of its parents. */
  readonly childrensParents: boolean;
  readonly indirect: IndirectSelection;
  readonly raw: string;
}

/** How criteria are put together. */
export type Selection =
  | Criterion
  | {
      readonly kind: "union" | "intersection";
      readonly parts: readonly Selection[];
      readonly indirect: IndirectSelection;
    }
  | {
      readonly kind: "difference";
      readonly from: Selection;
      readonly without: Selection;
      readonly indirect: IndirectSelection;
    };

const SPEC = /^(@)?(?:(\d*)(\+))?(?:([\w.]+):)?(.*?)(?:(\+)(\d*))?$/s;

/** Reads `2+tag:nightly+1`. */
function parseCriterion(raw: string, indirect: IndirectSelection): Criterion {
  const [, at, up, plus, method, value = "", below, down] = SPEC.exec(raw) ?? [];
  if (value === "") throw refused(`Runtime Error\n  Invalid selector spec "${raw}"`);
  if (at !== undefined && below !== undefined)
    throw refused(`Runtime Error\n  Invalid node spec ${raw} - "@" prefix and "+" suffix are incompatible`);
  const [name = "", ...rest] = (method ?? methodOf(value)).split(".");
  return {
    kind: "criterion",
    method: name,
    argument: rest.join("."),
    value,
    parents: depthOf(plus, up),
    children: depthOf(below, down),
    childrensParents: at !== undefined,
    indirect,
    raw,
  };
}

function depthOf(sign: string | undefined, steps: string | undefined): number {
  if (sign === undefined) return 0;
  return steps === undefined || steps === "" ? Number.POSITIVE_INFINITY : Number(steps);
}

/** A value without a method is a path when it looks like one, a file by its ending, else a name. */
function methodOf(value: string): string {
  if (/[\\/]/.test(value)) return "path";
  return /\.(?:sql|py|csv)$/i.test(value) ? "file" : "fqn";
}

/** `--select` and `--exclude`: words are put together, commas narrow. */
export function parseSelection(
  { select, exclude }: { readonly select: readonly string[]; readonly exclude: readonly string[] },
  indirect: IndirectSelection,
  all: readonly string[] = ["fqn:*", "source:*", "exposure:*", "unit_test:*"],
): Selection {
  const included = union(select.length === 0 ? all : select, indirect);
  if (exclude.length === 0) return included;
  return { kind: "difference", from: included, without: union(exclude, "eager"), indirect };
}

function union(words: readonly string[], indirect: IndirectSelection): Selection {
  const parts = words
    .flatMap((word) => word.split(/\s+/))
    .filter((word) => word !== "")
    .map((word): Selection => {
      const narrowed = word.split(",").filter((part) => part !== "");
      const [only] = narrowed;
      if (narrowed.length === 1 && only !== undefined) return parseCriterion(only, indirect);
      return { kind: "intersection", parts: narrowed.map((part) => parseCriterion(part, indirect)), indirect };
    });
  return { kind: "union", parts, indirect };
}

/** The selectors of `selectors.yml`, by name. */
export function namedSelectors(file: Plain, indirect: IndirectSelection): ReadonlyMap<string, Selection> {
  const entries = recordsOf(file["selectors"]);
  const found = new Map<string, Selection>();
  const read = (name: string, path: readonly string[]): Selection => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const entry = entries.find((candidate) => candidate["name"] === name);
    if (entry === undefined || path.includes(name))
      throw refused(
        `Runtime Error\n  Could not find selector named ${name}, expected one of [${entries.map((other) => `'${textOf(other["name"])}'`).join(", ")}]`,
      );
    const selection = definition(entry["definition"], { indirect, named: (other) => read(other, [...path, name]) });
    found.set(name, selection);
    return selection;
  };
  for (const { name } of entries) read(textOf(name), []);
  return found;
}

/** The selector that is taken when nothing is asked for. */
export function defaultSelector(file: Plain): string | undefined {
  const entry = recordsOf(file["selectors"]).find((candidate) => candidate["default"] === true);
  return entry === undefined ? undefined : textOf(entry["name"]);
}

interface Reading {
  readonly indirect: IndirectSelection;
  readonly named: (name: string) => Selection;
}

function definition(value: unknown, reading: Reading): Selection {
  if (typeof value === "string") return union([value], reading.indirect);
  const entry = recordOf(value);
  if (Array.isArray(entry["union"])) return combined("union", entry["union"], reading);
  if (Array.isArray(entry["intersection"])) return combined("intersection", entry["intersection"], reading);
  if (entry["method"] === undefined) return keyedCriterion(entry, reading);
  return methodCriterion(entry, reading);
}

/** Parts, less those below `exclude`. */
function combined(kind: "union" | "intersection", listed: unknown[], reading: Reading): Selection {
  const excludes = listed.filter(
    (part) => isRecord(part) && Array.isArray(part["exclude"]) && part["method"] === undefined,
  );
  const parts = listed.filter((part) => !excludes.includes(part)).map((part) => definition(part, reading));
  const whole: Selection = { kind, parts, indirect: reading.indirect };
  if (excludes.length === 0) return whole;
  const without = excludes
    .flatMap((part) => recordsOrTexts(recordOf(part)["exclude"]))
    .map((part) => definition(part, reading));
  return {
    kind: "difference",
    from: whole,
    without: { kind: "union", parts: without, indirect: reading.indirect },
    indirect: reading.indirect,
  };
}

function recordsOrTexts(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** `tag: nightly`. */
function keyedCriterion(entry: Plain, { indirect }: Reading): Selection {
  const [method = "", ...others] = Object.keys(entry);
  if (method === "" || others.length > 0)
    throw refused("Runtime Error\n  A selector's definition has one key, or `method` and `value`");
  return parseCriterion(`${method}:${textOf(entry[method])}`, indirect);
}

function methodCriterion(entry: Plain, reading: Reading): Selection {
  const [method, value] = [textOf(entry["method"]), textOf(entry["value"])];
  if (method === "selector") return withExclude(reading.named(value), entry, reading);
  const given = textOf(entry["indirect_selection"], reading.indirect) as IndirectSelection;
  const parsed = parseCriterion(`${method}:${value}`, given);
  const depth = (flag: string, steps: string) =>
    entry[flag] !== true ? 0 : entry[steps] === undefined ? Number.POSITIVE_INFINITY : Number(entry[steps]);
  const criterion: Criterion = {
    ...parsed,
    value,
    parents: depth("parents", "parents_depth"),
    children: depth("children", "children_depth"),
    childrensParents: entry["childrens_parents"] === true,
  };
  return withExclude(criterion, entry, reading);
}

function withExclude(selection: Selection, entry: Plain, reading: Reading): Selection {
  const excluded = entry["exclude"];
  if (!Array.isArray(excluded)) return selection;
  const parts = excluded.map((part) => definition(part, reading));
  return {
    kind: "difference",
    from: selection,
    without: { kind: "union", parts, indirect: reading.indirect },
    indirect: reading.indirect,
  };
}
