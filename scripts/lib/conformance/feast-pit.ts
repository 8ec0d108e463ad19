import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { end, millLater, millUp, type Answer as Said } from "../../../e2e/support/project.ts";
import { mustRunMill } from "./run-mill.ts";
import type { Suite } from "./suite.ts";

// Point-in-time joins as Feast answered them: views and their rows, entity frames, and what came of each.

interface View {
  readonly keys: readonly string[];
  readonly ttl_seconds: number | null;
  readonly timestamp: string;
  readonly created: string | null;
  /** `f` a double, `n` a whole number, `s` text. */
  readonly features: Readonly<Record<string, string>>;
}

type Row = Readonly<Record<string, unknown>>;

type Answer =
  | { readonly columns: Readonly<Record<string, string>>; readonly rows: readonly Row[] }
  | { readonly error: string; readonly message: string };

interface Case {
  readonly name: string;
  /** A path in the suite's folder, or the rows. */
  readonly entity: string | readonly Row[];
  readonly features: readonly string[];
  readonly options?: { readonly filter_by_created_timestamp?: boolean; readonly full_feature_names?: boolean };
  readonly expected: Readonly<Record<string, Answer>>;
}

/** Feast's engine whose answers count: its other one drops and joins rows. */
const ENGINE = "duckdb";
const TYPES: Readonly<Record<string, string>> = { f: "double", n: "long", s: "string" };

export const feastPit: Suite = {
  summary: "point-in-time joins, recorded from Feast (views.json, cases.json, NAME.entity.csv with NAME.expected.json)",
  replay: async (folder, { only, tell }) => {
    const views = readJson(folder, "views.json") as Readonly<Record<string, View>>;
    const project = mkdtempSync(join(tmpdir(), "mill-feast-pit-"));
    try {
      writeProject(project, { folder, views });
      const sources = Object.keys(views).map((view) => `source:src_${view}`);
      await mustRunMill(["run", "--project", project, "--select", sources.join(" ")]);
      // Beside a process that stays, a question is answered in a third of the time.
      const up = await millUp(project);
      try {
        for (const asked of readCases(folder).filter(({ name }) => only.length === 0 || only.includes(name))) {
          const reason = await faultOf(asked, { folder, project, views });
          if (reason === undefined) tell({ name: asked.name, outcome: "passed" });
          else tell({ name: asked.name, outcome: "failed", reason });
        }
      } finally {
        await end(up);
      }
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  },
};

function readJson(folder: string, file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as unknown;
}

function readCases(folder: string): readonly Case[] {
  const named = existsSync(join(folder, "cases.json"))
    ? Object.entries(readJson(folder, "cases.json") as Readonly<Record<string, Omit<Case, "name">>>)
    : [];
  const worlds = readdirSync(folder)
    .filter((file) => file.endsWith(".entity.csv"))
    .map((file) => ({
      ...(readJson(folder, file.replace(".entity.csv", ".expected.json")) as Omit<Case, "name" | "entity">),
      name: file.replace(".entity.csv", ""),
      entity: join(folder, file),
    }));
  return [...named.map(([name, rest]) => ({ ...rest, name })), ...worlds];
}

/** A project with a source and a view for each of the suite's; on-demand views are known to the cases alone. */
function writeProject(
  project: string,
  { folder, views }: { readonly folder: string; readonly views: Readonly<Record<string, View>> },
): void {
  for (const part of ["data", "sources", "features"]) mkdirSync(join(project, part));
  const sources = Object.entries(views).map(([name, view]) => {
    const file = `src_${name}.csv`;
    const text = readFileSync(join(folder, file), "utf8");
    writeFileSync(join(project, "data", file), text);
    const types = [
      ...view.keys.map((key) => [key, keyType(text, key)]),
      [view.timestamp, "timestamptz"],
      ...(view.created === null ? [] : [[view.created, "timestamptz"]]),
      ...Object.entries(view.features).map(([feature, type]) => [feature, TYPES[type] ?? "string"]),
    ];
    const columns = JSON.stringify(Object.fromEntries(types) as object);
    return `export const ${name} = defineSource({ name: "src_${name}", path: "data/${file}", columns: ${columns} });`;
  });
  const keys = [...new Set(Object.values(views).flatMap((view) => view.keys))];
  const entities = keys.map((key) => `const ${key} = defineEntity({ name: "${key}", key: "${key}" });`);
  const defined = Object.entries(views).map(([name, { keys: own, timestamp, created, ttl_seconds: ttl, features }]) => {
    const rest = [
      ...(created === null ? [] : [`created: "${created}"`]),
      ...(ttl === null ? [] : [`ttl: "${ttl}s"`]),
      `features: ${JSON.stringify(Object.keys(features))}`,
    ];
    return `export const ${name} = defineFeatureView({ name: "${name}", entities: [${own.join(", ")}], from: table("src_${name}"), timestamp: "${timestamp}", ${rest.join(", ")} });`;
  });
  const onDemand =
    "edge" in views
      ? `export const odfv = defineOnDemandFeatureView({ name: "odfv", request: { add: "double" }, inputs: [edge.only(["v"])], features: { v_plus: plus(column("v"), column("add")) } });`
      : "";
  const write = (path: string, lines: readonly string[]) => writeFileSync(join(project, path), `${lines.join("\n")}\n`);
  write("millwright.ts", [
    `import { defineProject } from "millwright";`,
    `export default defineProject({ name: "feast_pit" });`,
  ]);
  write("sources/all.ts", [`import { defineSource } from "millwright";`, ...sources]);
  write("features/all.ts", [
    `import { column, defineEntity, defineFeatureView, defineOnDemandFeatureView, plus, table } from "millwright";`,
    ...entities,
    ...defined,
    onDemand,
  ]);
}

/** A key whose values are all whole numbers is one, as pandas reads it. */
function keyType(csv: string, key: string): string {
  const [header = "", ...lines] = csv.split(/\r?\n/);
  const at = header.split(",").indexOf(key);
  const values = lines.map((line) => line.split(",")[at] ?? "").filter((value) => value !== "");
  // A quoted text may hold a line break, whose rest is no row.
  const rows = values.filter((value) => !value.includes('"'));
  return rows.every((value) => /^-?\d+$/.test(value)) ? "long" : "string";
}

interface World {
  readonly folder: string;
  readonly project: string;
  readonly views: Readonly<Record<string, View>>;
}

/** What is wrong with the product's answer to a case. */
async function faultOf(asked: Case, { project }: World): Promise<string | undefined> {
  const said = await ask(asked, project);
  const own = asked.expected[ENGINE];
  if (own === undefined) return `the case has no answer of ${ENGINE}`;
  const accepted = asked.name.endsWith("NONDETERMINISTIC") ? Object.values(asked.expected) : [own];
  const faults = accepted.map((expected) => compare(expected, said));
  return faults.includes(undefined) ? undefined : faults[0];
}

async function ask({ entity, expected, features, options }: Case, project: string): Promise<Said> {
  const file =
    typeof entity === "string" ? entity : writeFrame(project, entity, { expected: expected[ENGINE], features });
  // Feast's own defaults, where they differ from the product's.
  const later = options?.filter_by_created_timestamp === true ? [] : ["--later-created"];
  const full = options?.full_feature_names === true ? ["--full-names"] : [];
  const frame = ["--entities", file, "--features", features.join(",")];
  return millLater([
    "features",
    "history",
    "--project",
    project,
    "--json",
    ...frame,
    ...later,
    ...full,
    "--with-inputs",
  ]);
}

/** An empty frame still has columns, which JSON cannot say: those of the answer that are no features. */
function writeFrame(
  project: string,
  rows: readonly Row[],
  { expected, features }: { readonly expected: Answer | undefined; readonly features: readonly string[] },
): string {
  if (rows.length > 0 || expected === undefined || "error" in expected) {
    const file = join(project, "data", "frame.json");
    writeFileSync(file, JSON.stringify(rows));
    return file;
  }
  const joined = new Set(features.flatMap((feature) => [feature.split(":")[1], feature.replace(":", "__")]));
  const file = join(project, "data", "frame.csv");
  const names = Object.keys(expected.columns).filter((name) => !joined.has(name));
  writeFileSync(file, `${names.join(",")}\n`);
  return file;
}

function compare(expected: Answer, { code, stdout, stderr }: Said): string | undefined {
  if ("error" in expected) {
    if (code === 0) return `Feast refuses it (${expected.error}), and it was answered`;
    return code === 2 && stdout.includes('"code": "features/')
      ? undefined
      : `refused, but not as a fault of the question: ${stdout}`;
  }
  if (code !== 0) return `exit ${code}: ${stderr}${stdout}`;
  const answer = JSON.parse(stdout) as {
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly rows: readonly (readonly unknown[])[];
  };
  const names = answer.columns.map(({ name }) => name);
  const wanted = Object.keys(expected.columns);
  if (names.join() !== wanted.join()) return `columns ${names.join(", ")} for ${wanted.join(", ")}`;
  if (answer.rows.length !== expected.rows.length) return `${answer.rows.length} rows for ${expected.rows.length}`;
  for (const [index, row] of expected.rows.entries()) {
    for (const [at, name] of names.entries()) {
      const given = answer.rows[index]?.[at];
      if (!isSame(row[name], given, expected.columns[name] ?? ""))
        return `row ${index}, ${name}: ${JSON.stringify(given)} for ${JSON.stringify(row[name])}`;
    }
  }
  return undefined;
}

function isSame(expected: unknown, given: unknown, type: string): boolean {
  // The suite's CSV files write an empty text and none alike.
  if (type === "string" && (expected ?? "") === "") return (given ?? "") === "";
  if (expected === null || given === null) return expected === given;
  if (type.startsWith("timestamp")) return instant(expected) === instant(given);
  if (typeof expected === "number") return Number(given) === expected;
  return expected === given;
}

function instant(text: unknown): bigint {
  return Temporal.Instant.from(String(text)).epochNanoseconds;
}
