import { basename } from "node:path";
import { transformationErrors } from "../errors.ts";
import { GENERIC_TESTS } from "./generic-tests.ts";
import type { DbtModel, DbtTest, MacroFile } from "./project.ts";
import { discover, recordOf, recordsOf, textOf, type Properties, type SharedWorld } from "./read-project.ts";

interface Inputs {
  readonly properties: readonly Properties[];
  readonly singular: readonly MacroFile[];
  readonly world: SharedWorld;
  readonly models: readonly DbtModel[];
}

/** All data tests: those declared in YAML (`tests` or `data_tests`) on models, columns and sources, and the files below tests/. */
export function readTests({ properties, singular, world, models }: Inputs): readonly DbtTest[] {
  const known = new Set(models.map(({ name }) => name));
  const declared = properties.flatMap(({ path, models: entries, sources }) => [
    ...entries.filter(({ name }) => known.has(textOf(name, ""))).flatMap((entry) => testsOf(entry, path)),
    ...sources.flatMap((source) => recordsOf(source["tables"]).flatMap((table) => testsOf(table, path))),
  ]);
  return [...declared, ...singular.map((file) => singularTest(file, world))];
}

function testsOf(entry: Record<string, unknown>, path: string): readonly DbtTest[] {
  const model = textOf(entry["name"], "");
  const onModel = declarations(entry).map((test) => genericTest(test, { model, column: null, path }));
  const onColumns = recordsOf(entry["columns"]).flatMap((column) =>
    declarations(column).map((test) => genericTest(test, { model, column: textOf(column["name"], ""), path })),
  );
  return [...onModel, ...onColumns];
}

function declarations(entry: Record<string, unknown>): readonly unknown[] {
  const tests = entry["data_tests"] ?? entry["tests"];
  return Array.isArray(tests) ? tests : [];
}

interface Place {
  readonly model: string;
  readonly column: string | null;
  readonly path: string;
}

function genericTest(declared: unknown, { model, column, path }: Place): DbtTest {
  const { kind, options } = testNameAndOptions(declared);
  const make = GENERIC_TESTS.get(kind);
  if (make === undefined) {
    throw transformationErrors.create("transformation/unknown-ref", {
      because: `${path}: ${model} asks for the test ${kind}, which there is not`,
      where: { file: path },
    });
  }
  const reads = new Set([model]);
  const field = column ?? textOf(options["column_name"], "");
  const config = { ...recordOf(options["config"]), ...options };
  const where = textOf(config["where"], "");
  const base = `"main"."${model}"`;
  const sql = make({
    relation: where === "" ? base : `(SELECT * FROM ${base} WHERE ${where}) AS subject`,
    column: `"${field.replaceAll('"', '""')}"`,
    options: { ...options, ...recordOf(options["arguments"]) },
    ref: (expression) => {
      const name = /(?:ref|source)\((?:[^)]*,)?\s*['"](\w+)['"]\s*\)/.exec(expression)?.[1] ?? expression;
      reads.add(name);
      return `"main"."${name}"`;
    },
  });
  const severity = textOf(config["severity"], "error").toLowerCase().startsWith("warn") ? "warning" : "error";
  const name = textOf(options["name"], [kind, model, field].filter((part) => part !== "").join("_"));
  return { name, model, column, kind, severity, reads: [...reads], sql, path };
}

/** `- unique`, `- unique: {…}` or `- test_name: unique`. */
function testNameAndOptions(declared: unknown): { kind: string; options: Record<string, unknown> } {
  if (typeof declared === "string") return { kind: declared, options: {} };
  const entry = recordOf(declared);
  const named = entry["test_name"];
  if (typeof named === "string") return { kind: named, options: entry };
  const [kind = ""] = Object.keys(entry);
  return { kind, options: recordOf(entry[kind]) };
}

function singularTest(file: MacroFile, world: SharedWorld): DbtTest {
  const { refs, sources, config, sql } = discover(file, world);
  const severity = config.get("severity");
  return {
    name: basename(file.path, ".sql"),
    model: refs.at(-1) ?? sources.at(-1) ?? "",
    column: null,
    kind: "singular",
    severity: typeof severity === "string" && severity.toLowerCase().startsWith("warn") ? "warning" : "error",
    reads: [...refs, ...sources],
    sql,
    path: file.path,
  };
}
