import { contentHash } from "@millwright/kernel";
import { materialise, type FeatureViewData } from "@millwright/feature-store";
import type { Task, TaskContext, TaskOutcome } from "@millwright/orchestration";
import {
  bestBaseline,
  buildTrainingTable,
  readSignature,
  scoredTable,
  scoreTestRows,
  train,
  trainingTable,
  type ModelSignature,
  type TrainingDefinition,
  type TrainingResult,
} from "@millwright/training";
import { quoteName } from "@millwright/lakehouse";
import type { ModelVersion } from "@millwright/tracking";
import {
  deployVersions,
  modelReference,
  readDeployment,
  serviceVersion,
  variantVersions,
  type ServiceDefinition,
} from "@millwright/serving";
import type { Defined } from "../load-project.ts";
import { onDemandColumns, onDemandViewsOf, viewColumns, viewsOf } from "./feature-columns.ts";
import { tellLineage } from "./lineage.ts";
import type { RoadParts } from "./parts.ts";
import { modelVersionColumns, scoredColumns, serviceColumns, trainingTableColumns } from "./training-columns.ts";

/** The trainer's own version: raise it when equal inputs would train another model. */
const TRAINER_VERSION = 4;
/** Raised when equal inputs would make another training table. */
const TRAINING_TABLE_VERSION = 2;
/** Raised when a deployment says more than it did. */
const DEPLOYMENT_VERSION = 3;

interface Upstream {
  readonly reads: readonly string[];
  readonly waitsFor: readonly string[];
}

/** Puts a view's newest rows into the online store. */
export function featureViewTask(
  parts: RoadParts,
  { name, definition }: Defined<FeatureViewData>,
  upstream: Upstream,
): Task {
  return {
    id: `feature_view:${name}`,
    kind: "feature_view",
    name,
    ...upstream,
    definitionHash: () => Promise.resolve(contentHash(definition)),
    stillThere: () => Promise.resolve(parts.online.featuresOf(name) !== undefined),
    run: async (context) => {
      const { entities, bytes, newestMs } = await materialise(
        { lakehouse: parts.lakehouse, online: parts.online, progress: context.progress },
        definition,
      );
      await tellLineage(parts, context, {
        task: `feature_view:${name}`,
        inputs: [`table:${definition.from.name}`],
        outputs: { [`feature_view:${name}`]: viewColumns(definition) },
      });
      return {
        outputVersion: contentHash({ definition, reads: upstream.reads, newestMs, entities, run: context.runId }),
        facts: { entities, bytes, newest_ms: newestMs },
      };
    },
  };
}

/** What a split by shares adds to the table's definition: the shares themselves are no part of it. */
function placesOf({ split, label }: TrainingDefinition): object {
  if (!("by" in split)) return {};
  return { by: split.by, ...(split.stratify === true ? { stratify: label } : {}) };
}

/** Joins every row of the population with its features as known at its time. */
export function trainingTableTask(
  parts: RoadParts,
  { name, definition }: Defined<TrainingDefinition>,
  upstream: Upstream,
): Task {
  const table = trainingTable(name);
  return {
    id: `table:${table}`,
    kind: "table",
    name: table,
    ...upstream,
    definitionHash: () =>
      Promise.resolve(
        contentHash({
          version: TRAINING_TABLE_VERSION,
          features: definition.features,
          population: definition.population,
          timestamp: definition.timestamp,
          ...placesOf(definition),
        }),
      ),
    stillThere: async (version) => (await parts.lakehouse.sameRows(table)).includes(version),
    run: async (context) => {
      context.progress({ message: "joining features at each row's time" });
      const snapshot = await buildTrainingTable({ lakehouse: parts.lakehouse }, definition);
      await tellTrainingTable(parts, context, definition);
      return {
        outputVersion: snapshot.snapshotId,
        facts: { rows: snapshot.rowCount, bytes: Number(snapshot.summary["total-files-size"] ?? 0) },
      };
    },
  };
}

/** An on-demand view has no step of its own: it is told with the rows that ask it. */
async function tellTrainingTable(
  parts: RoadParts,
  context: TaskContext,
  definition: TrainingDefinition,
): Promise<void> {
  const table = trainingTable(definition.name);
  const population = `table:${definition.population.name}`;
  const asking = { population, timestamp: definition.timestamp };
  for (const view of onDemandViewsOf(definition.features)) {
    await tellLineage(parts, context, {
      task: `on_demand_feature_view:${view.name} for ${definition.name}`,
      inputs: [population, ...viewsOf(view.inputs)],
      outputs: { [`feature_view:${view.name}`]: onDemandColumns(view, asking) },
    });
  }
  const columns = trainingTableColumns(definition, {
    columns: await columnNames(parts, table),
    population: await columnNames(parts, definition.population.name),
  });
  await tellLineage(parts, context, {
    task: `training_table:${definition.name}`,
    inputs: [population, ...definition.features.map(({ view }) => `feature_view:${view.name}`)],
    outputs: { [`table:${table}`]: columns },
  });
}

async function columnNames({ lakehouse }: RoadParts, table: string): Promise<readonly string[]> {
  return ((await lakehouse.table(table))?.columns ?? []).map(({ name }) => name);
}

export function trainingTask(parts: RoadParts, { name, definition }: Defined<TrainingDefinition>): Task {
  return {
    id: `training:${name}`,
    kind: "training",
    name,
    reads: [`table:${trainingTable(name)}`],
    waitsFor: [],
    definitionHash: () => Promise.resolve(contentHash({ definition, trainer: TRAINER_VERSION })),
    stillThere: async (version) =>
      (await parts.tracking.versions(name).catch(() => [])).some((known) => String(known.version) === version),
    run: async (context) => {
      const ports = { lakehouse: parts.lakehouse, tracking: parts.tracking, progress: context.progress };
      const result = await train(ports, definition, {
        threads: parts.threads,
        artifactRoot: parts.artifactRoot,
        signal: context.signal,
        fingerprint: context.fingerprint,
        lastVersion: context.lastOutputVersion,
      });
      await tellLineage(parts, context, {
        task: `training:${name}`,
        inputs: [`table:${trainingTable(name)}`],
        outputs: { [`model:${name}/${result.version}`]: modelVersionColumns(definition) },
        facets: { parameters: { ...definition.trainer } },
      });
      const failed = result.gates.filter(({ passed }) => !passed);
      return {
        outputVersion: String(result.version),
        facts: modelFacts(result),
        warned: failed.length > 0,
        ...(failed.length === 0
          ? {}
          : {
              message: `not the champion: ${failed.map(({ gate, observed }) => `${gate} is ${observed?.toFixed(4) ?? "not known"}`).join(", ")}`,
            }),
      };
    },
  };
}

/** What a version takes that a training table does not have: features that were taken out since. */
async function lostFeatures(
  parts: RoadParts,
  { version, table }: { readonly version: ModelVersion; readonly table: string },
): Promise<readonly string[]> {
  const columns = new Set(await columnNames(parts, table));
  const { features } = await readSignature(version.artifactPath);
  return features.filter((feature) => !columns.has(feature));
}

/** A version in a few numbers: its metrics on the test rows, and its main one's beside the best baseline's. */
function modelFacts({ version, champion, metric, test, baselines }: TrainingResult): TaskOutcome["facts"] {
  const { rows: _rows, ...metrics } = test;
  const baseline = bestBaseline(metric, baselines);
  return {
    version,
    champion,
    metric,
    ...metrics,
    ...(baseline === undefined ? {} : { baseline: baseline.value, baseline_name: baseline.title }),
  };
}

/** Scores the test rows with the champion. */
export function scoringTask(parts: RoadParts, training: Defined<TrainingDefinition>): Task {
  const { name, definition } = training;
  const table = scoredTable(name);
  return {
    id: `scoring:${name}`,
    kind: "scoring",
    name: table,
    reads: [`training:${name}`, `table:${trainingTable(name)}`],
    waitsFor: [],
    definitionHash: async () => {
      const champion = await parts.tracking.byAlias(name, "champion");
      return contentHash({ split: definition.split, version: champion?.version ?? null });
    },
    stillThere: async (version) => (await parts.lakehouse.sameRows(table)).includes(version),
    run: async (context): Promise<TaskOutcome> => {
      const version = await parts.tracking.byAlias(name, "champion");
      if (version === undefined)
        return {
          outputVersion: "none",
          facts: { rows: 0 },
          warned: true,
          message: "there is no champion yet: no gate-passing version",
        };
      const lost = await lostFeatures(parts, { version, table: trainingTable(name) });
      if (lost.length > 0)
        return {
          outputVersion: "none",
          facts: { rows: 0 },
          warned: true,
          message: `the champion, version ${version.version}, takes ${lost.join(", ")}, which the training has no more`,
        };
      const snapshot = await scoreTestRows(
        { lakehouse: parts.lakehouse, progress: context.progress },
        { definition, version, scratchFolder: parts.scratchFolder, threads: parts.threads },
      );
      const model = `model:${name}/${version.version}`;
      const columns = scoredColumns(definition, {
        model,
        columns: await columnNames(parts, table),
        trained: new Set(await columnNames(parts, trainingTable(name))),
      });
      await tellLineage(parts, context, {
        task: `scoring:${name}`,
        inputs: [model, `table:${trainingTable(name)}`],
        outputs: { [`table:${table}`]: columns },
      });
      return { outputVersion: snapshot.snapshotId, facts: { rows: snapshot.rowCount, version: version.version } };
    },
  };
}

/** Puts the version that the service's alias means into the deployment, which the serving process watches. */
export function serviceTask(
  parts: RoadParts,
  { name, definition }: Defined<ServiceDefinition>,
  { population, ...upstream }: Upstream & { readonly population: string | undefined },
): Task {
  const { model, alias } = modelReference(definition.model);
  return {
    id: `service:${name}`,
    kind: "service",
    name,
    ...upstream,
    definitionHash: async () => {
      const variants = await variantVersions(parts, definition);
      // Weights that were set by hand are of a service without traffic too.
      const isShared = definition.traffic !== undefined || Object.keys(variants).length > 1;
      return contentHash({
        definition,
        deployment: DEPLOYMENT_VERSION,
        version: (await parts.tracking.byAlias(model, alias))?.version ?? null,
        ...(isShared ? { variants } : {}),
      });
    },
    stillThere: async (version) =>
      (await readDeployment(parts)).services.some(
        (service) => service.name === name && String(service.version) === version,
      ),
    run: async (context): Promise<TaskOutcome> => {
      const version = await parts.tracking.byAlias(model, alias);
      if (version === undefined)
        return {
          outputVersion: "none",
          facts: {},
          warned: true,
          message: `${definition.model} means no version yet: the gates did not hold`,
        };
      const signature = await readSignature(version.artifactPath);
      const example = population === undefined ? {} : await exampleRequest(parts, { population, signature });
      await deployVersions(parts, async () => {
        const now = (await parts.tracking.byAlias(model, alias)) ?? version;
        return [{ ...(await serviceVersion(parts, { definition, version: now })), example }];
      });
      const served = `model:${model}/${version.version}`;
      await tellLineage(parts, context, {
        task: `service:${name}`,
        inputs: [served, ...signature.selections.map(({ view }) => `feature_view:${view.name}`)],
        outputs: { [`service:${name}`]: serviceColumns(served, signature.selections) },
      });
      return { outputVersion: String(version.version), facts: { version: version.version } };
    },
  };
}

/** One row of the population, as a caller would send it. */
async function exampleRequest(
  { lakehouse }: RoadParts,
  { population, signature }: { readonly population: string; readonly signature: ModelSignature },
): Promise<Readonly<Record<string, unknown>>> {
  const fields = signature.request.map(({ name }) => quoteName(name)).join(", ");
  const { rows } = await lakehouse.query(`SELECT ${fields} FROM ${lakehouse.relation(population)} LIMIT 1`);
  const values = rows[0] ?? [];
  return Object.fromEntries(
    signature.request.map(({ name, type }, index) => {
      const value = values[index] ?? null;
      return [name, type.startsWith("timestamp") && typeof value === "string" ? `${value.replace(" ", "T")}Z` : value];
    }),
  );
}
