import { isMillError, type Logger } from "@millwright/kernel";
import type { GraphModels } from "../graphs/graph-models.ts";
import type { GraphDefinition } from "../graphs/graph-definition.ts";
import type { ModelConfig } from "../inference/model-config.ts";
import { cannotLoad, readStoredModel } from "../inference/model-folder.ts";
import type { ModelPlaces } from "../inference/model-places.ts";
import type { ModelDirectory } from "../inference/served-model.ts";
import { resolveModelUri, type ModelStorage } from "../storage/resolve-model-uri.ts";
import { readDocumentFolder } from "./document-folder.ts";
import type { CanaryShares } from "./canary-models.ts";
import type { PlannedModel, PlannedService } from "./plan.ts";
import { documentName, isSame, revisionsOf } from "./revisions.ts";

/** Models and graphs that KServe's documents of a folder ask for, served as the documents are now. */
export interface AppliedServices {
  /** Where the models lie, for the directory that loads them. */
  readonly places: ModelPlaces;
  /** Which part of a model's requests its canary answers now. */
  readonly canaryShares: () => CanaryShares;
  /** Reads the documents, and serves what they ask for in place of what they asked for before. */
  reload(into: AppliedTargets): Promise<void>;
}

interface AppliedTargets {
  /** Loads and unloads the models of `places`. */
  readonly models: Pick<ModelDirectory, "load" | "unload" | "index">;
  readonly graphs: Pick<GraphModels, "apply">;
  /** Graphs that come from elsewhere. */
  readonly others?: readonly GraphDefinition[];
}

export interface AppliedServicesOptions {
  /** Holds the documents: files whose names end with `.yaml` or `.yml`. */
  readonly folder: string;
  readonly storage: ModelStorage;
  readonly logger: Logger;
}

/** Reads the documents of a folder once. `reload` is asked for their graphs, and after each change. */
export async function openAppliedServices({
  folder,
  storage,
  logger,
}: AppliedServicesOptions): Promise<AppliedServices> {
  const first = await readDocumentFolder(folder);
  let planned = modelsOf(first.services);
  let shares = sharesOf(first.services);
  let turn: Promise<void> = Promise.resolve();
  /** Those that are tried again at the next reload; undefined until it is known which could not be loaded at the start. */
  let notLoaded: Set<string> | undefined;
  const places: ModelPlaces = {
    names: async () => [...planned.keys()],
    has: async (name) => planned.has(name),
    read: async (name, config) => {
      const model = planned.get(name);
      if (model === undefined) throw cannotLoad(`no document asks for ${name} any more`);
      const folder = await readStoredModel(await resolveModelUri(model.uri, storage), config, model.format);
      const own = ownConfig(name, folder.config);
      return { ...folder, config: config === undefined ? together(own, model.config) : own };
    },
  };
  const reload = async ({ models, graphs, others = [] }: AppliedTargets) => {
    const { services, remarks } = await readDocumentFolder(folder);
    for (const { level, of, path, line, because, file } of remarks)
      logger[level === "error" ? "error" : "info"]({ file, line, field: path }, `${of}: ${because}`);
    const before = planned;
    const again = notLoaded ?? new Set();
    const isFirst = notLoaded === undefined;
    const failing = (notLoaded = new Set(isFirst ? await unavailable(models) : []));
    planned = modelsOf(services);
    const failed = (name: string) => (error: unknown) => {
      failing.add(name);
      logger.error({ err: error, model: name }, "what a document asks for could not be loaded");
    };
    const gone = [...before.keys()].filter((name) => !planned.has(name));
    const unload = async (name: string) =>
      models.unload(name).catch((error: unknown) => {
        // One that is loaded on demand may never have been.
        if (!isMillError(error) || error.code !== "inference/unknown-model") failed(name)(error);
      });
    for (const name of gone) if (!isCanary(name)) await unload(name);
    for (const [name, model] of planned) {
      const isChanged = !isSame(before.get(name), model);
      // A canary that cannot be loaded leaves no share to the one before it.
      if (isChanged && isCanary(name)) await models.unload(name).catch(() => undefined);
      if (isChanged || again.has(name)) await models.load(name).catch(failed(name));
    }
    // One that is rolled out has answered its share until it answers all.
    shares = sharesOf(services);
    for (const name of gone) if (isCanary(name)) await unload(name);
    try {
      graphs.apply([...others, ...services.flatMap(({ graph }) => (graph === undefined ? [] : [graph]))]);
    } catch (error) {
      logger.error({ err: error }, isMillError(error) ? error.because : "the graphs could not be served");
    }
  };
  return {
    places,
    canaryShares: () => shares,
    reload: (into) => {
      turn = turn.catch(() => undefined).then(() => reload(into));
      return turn;
    },
  };
}

/** What is loaded, by its name. */
function modelsOf(services: readonly PlannedService[]): ReadonlyMap<string, PlannedModel> {
  return new Map(services.flatMap(revisionsOf).map(({ model }) => [model.name, model]));
}

function sharesOf(services: readonly PlannedService[]): CanaryShares {
  return new Map(
    services
      .flatMap(revisionsOf)
      .flatMap(({ revision, percent, model: { name } }) =>
        revision === "canary" ? [[documentName(name), percent] as const] : [],
      ),
  );
}

function isCanary(name: string): boolean {
  return documentName(name) !== name;
}

/** A canary's own configuration is named as its document is. */
function ownConfig(name: string, config: ModelConfig): ModelConfig {
  if (config.name !== documentName(name)) return config;
  const { name: _, ...rest } = config;
  return rest;
}

async function unavailable(models: Pick<ModelDirectory, "index">): Promise<readonly string[]> {
  return (await models.index()).filter(({ state }) => state === "UNAVAILABLE").map(({ name }) => name);
}

/** What a document says, before what the model's own configuration does. */
function together(own: ModelConfig, planned: ModelConfig): ModelConfig {
  return { ...own, ...planned, parameters: { ...own.parameters, ...planned.parameters } };
}
