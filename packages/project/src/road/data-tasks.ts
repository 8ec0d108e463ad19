import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { contentHash } from "@millwright/kernel";
import { loadSource, quarantineTable, sourceInputs, type SourceDefinition } from "@millwright/ingestion";
import type { Task } from "@millwright/orchestration";
import {
  runModel,
  runTests,
  type DbtModel,
  type DbtProject,
  type DbtTest,
  type TestResult,
} from "@millwright/transformation";
import { runChecks, type CheckResult, type ChecksDefinition } from "@millwright/validation";
import { projectErrors } from "../errors.ts";
import type { Defined, Project } from "../load-project.ts";
import { tellLineage } from "./lineage.ts";
import { modelColumns } from "./model-columns.ts";
import { sourceColumns } from "./source-columns.ts";
import type { RoadParts } from "./parts.ts";

/** Loads one source. Its definition hash is of its files' content, so a changed file makes it run again. */
export function sourceTask(project: Project, parts: RoadParts, { name, definition }: Defined<SourceDefinition>): Task {
  return {
    id: `source:${name}`,
    kind: "source",
    name,
    reads: [],
    waitsFor: [],
    definitionHash: async () => (await sourceInputs(definition, { projectDir: project.dir })).hash,
    stillThere: (snapshotId) => hasSnapshot(parts, name, snapshotId),
    run: async (context) => {
      const { lakehouse, scratchFolder } = parts;
      const loaded = await loadSource({ lakehouse, scratchFolder, progress: context.progress }, definition, {
        projectDir: project.dir,
      });
      await tellLineage(parts, context, {
        task: `source:${name}`,
        inputs: [`file:${definition.path}`],
        outputs: { [`table:${name}`]: sourceColumns(definition) },
      });
      return {
        outputVersion: loaded.snapshotId,
        facts: {
          rows: loaded.rows,
          files: loaded.files,
          bytes: loaded.bytes,
          ...(loaded.quarantined === null ? {} : { quarantined: loaded.quarantined }),
        },
        ...((loaded.quarantined ?? 0) > 0
          ? { warned: true, message: `${loaded.quarantined} rows were put aside: see ${quarantineTable(name)}` }
          : {}),
      };
    },
  };
}

/** Builds one dbt model. `upstream` are the ids of the tasks that make what it refers to. */
export function modelTask(
  project: Project,
  parts: RoadParts,
  {
    model,
    reads,
    waitsFor,
  }: { readonly model: DbtModel; readonly reads: readonly string[]; readonly waitsFor: readonly string[] },
): Task {
  const isView = model.config.materialized === "view";
  return {
    id: `table:${model.name}`,
    kind: isView ? "view" : "table",
    name: model.name,
    tags: model.config.tags,
    path: model.path,
    reads,
    waitsFor,
    definitionHash: () => Promise.resolve(model.hash),
    stillThere: async (version) =>
      isView ? (await parts.lakehouse.table(model.name)) !== undefined : hasSnapshot(parts, model.name, version),
    run: async (context) => {
      const built = await runModel(
        { lakehouse: parts.lakehouse, progress: context.progress },
        { project: project.dbt, model },
      );
      await keepCompiled(parts, model.name, built.sql);
      const tables = reads.map((id) => id.slice(id.indexOf(":") + 1));
      await tellLineage(parts, context, {
        task: `model:${model.name}`,
        inputs: tables.map((table) => `table:${table}`),
        outputs: {
          [`table:${model.name}`]: await modelColumns(parts.lakehouse, { name: model.name, sql: built.sql, tables }),
        },
        facets: { sql: { query: built.sql } },
      });
      // A view's state is what it says over what it reads: new inputs make its readers run again.
      const version =
        built.snapshotId ??
        contentHash({
          sql: built.sql,
          inputs: reads.map((id) => context.factsOf(id)?.["version"] ?? null),
          run: context.runId,
        });
      return { outputVersion: version, facts: { rows: built.rows, bytes: built.bytes } };
    },
  };
}

async function hasSnapshot({ lakehouse }: RoadParts, table: string, snapshotId: string): Promise<boolean> {
  return (await lakehouse.sameRows(table)).includes(snapshotId);
}

async function keepCompiled({ compiledFolder }: RoadParts, name: string, sql: string): Promise<void> {
  await mkdir(compiledFolder, { recursive: true });
  await writeFile(join(compiledFolder, `${name}.sql`), `${sql}\n`);
}

/** Runs the data tests of one model. An error fails the task, and so blocks what waits for it; a warning marks it. */
export function testsTask(
  parts: RoadParts,
  project: DbtProject,
  {
    model,
    tests,
    reads,
  }: { readonly model: string; readonly tests: readonly DbtTest[]; readonly reads: readonly string[] },
): Task {
  return {
    id: `tests:${model}`,
    kind: "checks",
    name: `${model} tests`,
    reads,
    waitsFor: [],
    definitionHash: () =>
      Promise.resolve(contentHash(tests.map(({ name, sql, severity }) => ({ name, sql, severity })))),
    run: async (context) => {
      const results = await runTests({ lakehouse: parts.lakehouse, progress: context.progress }, { project, tests });
      const tested = { name: model, table: model, expected: "no failing row" };
      await parts.checks.record(
        results.map(({ name, severity, passed, failures }) => ({
          ...tested,
          check: name,
          severity,
          passed,
          observed: failures,
        })),
      );
      const failed = results.filter(({ passed }) => !passed);
      const errors = failed.filter(({ severity }) => severity === "error");
      if (errors.length > 0) throw testsFailed(model, errors);
      return {
        outputVersion: contentHash(results.map(({ name, failures }) => [name, failures])),
        facts: { tests: results.length, warnings: failed.length },
        warned: failed.length > 0,
        ...(failed.length === 0 ? {} : { message: failed.map(describeFailure).join("; ") }),
      };
    },
  };
}

function testsFailed(model: string, errors: readonly TestResult[]): Error {
  return projectErrors.create("project/checks-failed", {
    because: `${model}: ${errors.map(describeFailure).join("; ")}`,
    details: {
      failures: errors.map(({ name, failures, sample, sql }) => ({
        name,
        failures,
        columns: sample.columns.map((column) => column.name),
        rows: sample.rows,
        sql,
      })),
    },
  });
}

function describeFailure({ name, failures, sample }: TestResult): string {
  return `${name} fails for ${rowsOf(failures)}${forInstance(sample)}`;
}

const CELLS_SHOWN = 4;

function forInstance({ columns, rows }: TestResult["sample"]): string {
  const [row] = rows;
  if (row === undefined) return "";
  const cells = columns.map(({ name }, index) => `${name}=${JSON.stringify(row[index])}`);
  return `, for instance ${cells.slice(0, CELLS_SHOWN).join(" ")}`;
}

/** Runs a project's checks on a table. As with tests, an error stops what depends on the table and a warning marks it. */
export function checksTask(
  parts: RoadParts,
  { name, definition }: Defined<ChecksDefinition>,
  reads: readonly string[],
): Task {
  return {
    id: `checks:${name}`,
    kind: "checks",
    name,
    reads,
    waitsFor: [],
    definitionHash: () => Promise.resolve(contentHash(definition)),
    run: async (context) => {
      context.progress({ message: `checking ${definition.table.name}` });
      const { results } = await runChecks({ lakehouse: parts.lakehouse }, definition);
      const checked = { name, table: definition.table.name };
      await parts.checks.record(results.map(({ sample: _sample, ...result }) => ({ ...checked, ...result })));
      const failed = results.filter(({ passed }) => !passed);
      const errors = failed.filter(({ severity }) => severity === "error");
      if (errors.length > 0) {
        throw projectErrors.create("project/checks-failed", {
          because: `${definition.table.name}: ${errors.map(describeCheck).join("; ")}`,
          details: { report: results },
        });
      }
      return {
        outputVersion: contentHash(results.map(({ check, observed }) => [check, observed])),
        facts: { checks: results.length, warnings: failed.length },
        warned: failed.length > 0,
        ...(failed.length === 0 ? {} : { message: failed.map(describeCheck).join("; ") }),
      };
    },
  };
}

function describeCheck({ check, observed, unit, expected, sample }: CheckResult): string {
  const found = unit === "value" ? String(Number(observed.toPrecision(6))) : rowsOf(observed);
  return `${check} (${expected}): ${found}${forInstance(sample)}`;
}

function rowsOf(count: number): string {
  return `${count} ${count === 1 ? "row" : "rows"}`;
}
