import type { EntityDefinition, FeatureViewData, OnDemandFeatureViewData } from "@millwright/feature-store";
import type { SourceDefinition } from "@millwright/ingestion";
import type { MonitorDefinition } from "@millwright/monitoring";
import type { InferenceGraphDefinition, ServiceDefinition } from "@millwright/serving";
import type { TrainingDefinition } from "@millwright/training";
import { openDbtProject, type DbtProject } from "@millwright/transformation";
import type { ChecksDefinition } from "@millwright/validation";
import type { ProjectDefinition } from "./define-project.ts";
import { refuseDuplicates, withoutRepeats } from "./definitions/names.ts";
import { readDefinitions, type StandingReader } from "./definitions/read-definitions.ts";
import type { RawDefinition } from "./definitions/reader-protocol.ts";
import { projectErrors } from "./errors.ts";

/** A definition with its place in the project. */
export interface Defined<Definition> {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly definition: Definition;
}

/** A project as its files say it, all of it plain data. */
export interface Project {
  readonly dir: string;
  readonly settings: ProjectDefinition;
  readonly sources: readonly Defined<SourceDefinition>[];
  readonly dbt: DbtProject;
  readonly checks: readonly Defined<ChecksDefinition>[];
  readonly entities: readonly Defined<EntityDefinition>[];
  readonly featureViews: readonly Defined<FeatureViewData>[];
  readonly onDemandViews: readonly Defined<OnDemandFeatureViewData>[];
  readonly trainings: readonly Defined<TrainingDefinition>[];
  readonly services: readonly Defined<ServiceDefinition>[];
  /** Graphs of models, beside the services. */
  readonly graphs: readonly Defined<InferenceGraphDefinition>[];
  readonly monitors: readonly Defined<MonitorDefinition>[];
}

export interface LoadOptions {
  readonly projectDir: string;
  readonly millwrightUrl: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** For who reads the project again and again. */
  readonly reader?: StandingReader;
}

/** Reads a project whole: its definitions in a process of their own, and its dbt files. */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const [definitions, dbt] = await Promise.all([loadDefinitions(options), loadDbt(options)]);
  return { ...definitions, dbt };
}

/** The halves of a project that are read apart. */
export interface ProjectHalves {
  readonly definitions: boolean;
  readonly dbt: boolean;
}

/** Reads those halves of a project anew whose files have changed; the other one is as it was read before. */
export async function reloadProject(before: Project, changed: ProjectHalves, options: LoadOptions): Promise<Project> {
  const [definitions, dbt] = await Promise.all([
    changed.definitions ? loadDefinitions(options) : before,
    changed.dbt ? loadDbt(options) : before.dbt,
  ]);
  return { ...definitions, dbt };
}

function loadDbt({ projectDir, environment = {} }: LoadOptions): Promise<DbtProject> {
  return openDbtProject({ projectDir, environment });
}

async function loadDefinitions({ projectDir, millwrightUrl, reader }: LoadOptions): Promise<Omit<Project, "dbt">> {
  const raw = await readDefinitions({ projectDir, millwrightUrl, ...(reader === undefined ? {} : { reader }) });
  refuseDuplicates(raw);
  const definitions = withoutRepeats(raw);
  const settings = definitions.find(({ kind }) => kind === "project");
  if (settings === undefined) {
    throw projectErrors.create("project/invalid-definition", {
      because: "millwright.ts exports no project",
      where: { file: "millwright.ts", line: 1 },
      remedy: 'Write `export default defineProject({ name: "my_project" })` in millwright.ts.',
    });
  }
  const all = <Definition>(kind: string): readonly Defined<Definition>[] =>
    definitions.filter((definition) => definition.kind === kind).map((found) => defined<Definition>(found));
  return {
    dir: projectDir,
    settings: defined<ProjectDefinition>(settings).definition,
    sources: all("source"),
    checks: all("checks"),
    entities: all("entity"),
    featureViews: all("feature_view"),
    onDemandViews: all("on_demand_feature_view"),
    trainings: all("training"),
    services: all("service"),
    graphs: all("inference_graph"),
    monitors: all("monitor"),
  };
}

/** The reading process sends plain JSON of what the define functions made; they alone make these kinds. */
function defined<Definition>({ name, file, line, data }: RawDefinition): Defined<Definition> {
  return { name, file, line, definition: data as Definition };
}
