import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isMillError } from "@millwright/kernel";
import { transformationErrors } from "../errors.ts";
import { parseArguments, type DbtArguments } from "./arguments.ts";
import { readArtifact, writeManifest, type Artifacts } from "./artifacts.ts";
import { listNodes } from "./commands/list.ts";
import { runOperation } from "./commands/operation.ts";
import { compileCommand, showCommand } from "./commands/inline.ts";
import { retryArguments, runSelected, cloneCommand } from "./commands/run.ts";
import { freshnessCommand } from "./commands/freshness.ts";
import type { Outcome, Session } from "./commands/session.ts";
import { openWorld, type OpenWorldOptions } from "./open-world.ts";
import { parseProject } from "./parse/parse-project.ts";
import { refuseCycles } from "./parse/link.ts";
import { textOf } from "./plain.ts";
import type { Target } from "./profile.ts";
import { graphOf } from "./select/graph.ts";
import type { Warehouse } from "./warehouse.ts";
import type { Message } from "./world.ts";

export interface DbtCommandOptions {
  /** The words after `dbt`. */
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly openWarehouse: (target: Target, projectDir: string) => Warehouse;
  readonly tell: (message: Message) => void;
  readonly startedAtMs: number;
  readonly invocationId: string;
}

/** Does what dbt's command line of the same words does. Throws `transformation/dbt` for what cannot be done (dbt's exit 2). */
export async function runDbtCommand(options: DbtCommandOptions): Promise<Outcome> {
  const asked = parseArguments(options.argv);
  const projectDir = resolve(
    options.workingFolder,
    asked.values["project-dir"] ?? options.environment["DBT_PROJECT_DIR"] ?? ".",
  );
  if (asked.command === "clean") return clean(projectDir);
  if (asked.command === "retry") {
    const folder = resolve(projectDir, asked.values["state"] ?? asked.values["target-path"] ?? "target");
    const again = await retryArguments(folder, asked);
    return asRefusal(() => inWorld(options, { projectDir, asked: again }));
  }
  return asRefusal(() => inWorld(options, { projectDir, asked }));
}

async function clean(projectDir: string): Promise<Outcome> {
  for (const folder of ["target", "dbt_packages"]) await rm(join(projectDir, folder), { recursive: true, force: true });
  return { exitCode: 0, lines: [], results: [] };
}

interface Place {
  readonly projectDir: string;
  readonly asked: DbtArguments;
}

async function inWorld(options: DbtCommandOptions, { projectDir, asked }: Place): Promise<Outcome> {
  const opening: OpenWorldOptions = { ...options, projectDir, asked };
  const world = await openWorld(opening);
  try {
    const folder = resolve(
      projectDir,
      asked.values["target-path"] ?? textOf(world.root.settings["target-path"], "target"),
    );
    const artifacts: Artifacts = { folder, world };
    if (asked.command === "deps" || asked.command === "debug") return await ready(asked, world.warehouse);
    const manifest = parseProject(world);
    const stateFolder = asked.values["state"] ?? asked.values["defer-state"] ?? options.environment["DBT_STATE"];
    const kept = stateFolder === undefined ? undefined : resolve(projectDir, stateFolder);
    // A state folder may be the one that is written now: it is read before.
    const state =
      kept === undefined
        ? undefined
        : {
            manifest: await readArtifact(kept, "manifest.json"),
            results: await readArtifact(kept, "run_results.json"),
          };
    if (asked.command === "parse") {
      await writeManifest(artifacts, manifest);
      return { exitCode: 0, lines: [], results: [] };
    }
    refuseCycles(manifest.nodes);
    const session: Session = {
      world,
      asked,
      manifest,
      graph: graphOf(manifest.nodes.values()),
      artifacts,
      projectDir,
      state,
    };
    const outcome = await dispatch(session);
    await writeManifest(artifacts, manifest);
    return outcome;
  } finally {
    await world.warehouse.close();
  }
}

/** What a package needs lies in the project's folder; nothing is fetched. */
async function ready({ command }: DbtArguments, warehouse: Warehouse): Promise<Outcome> {
  if (command === "debug") await warehouse.execute("select 1");
  return { exitCode: 0, lines: command === "debug" ? ["All checks passed!"] : [], results: [] };
}

function dispatch(session: Session): Promise<Outcome> {
  switch (session.asked.command) {
    case "ls":
      return listNodes(session);
    case "compile":
    case "docs generate":
      return compileCommand(session);
    case "show":
      return showCommand(session);
    case "run-operation":
      return runOperation(session);
    case "source freshness":
      return freshnessCommand(session);
    case "clone":
      return cloneCommand(session);
    default:
      return runSelected(session);
  }
}

/** dbt could not do the work: whatever of the project does not stand is one kind of end. */
async function asRefusal<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isMillError(error) || !OF_THE_PROJECT.has(error.code)) throw error;
    throw transformationErrors.create("transformation/dbt", {
      because: error.code === "transformation/template" ? `Compilation Error\n  ${error.because}` : error.because,
      ...(error.where === undefined ? {} : { where: error.where }),
      cause: error,
    });
  }
}

const OF_THE_PROJECT = new Set([
  "transformation/template",
  "transformation/project-file",
  "transformation/sql",
  "lakehouse/sql-error",
]);
