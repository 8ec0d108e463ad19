import { join } from "node:path";
import { isMillError, type Logger } from "@millwright/kernel";
import type { GraphModels } from "../graphs/graph-models.ts";
import type { GraphDefinition } from "../graphs/graph-definition.ts";
import type { ModelConfig } from "../inference/model-config.ts";
import { cannotLoad, readModelFolder, readStoredModel, type ModelFolder } from "../inference/model-folder.ts";
import type { ModelPlaces } from "../inference/model-places.ts";
import { resolveModelUri, type ModelStorage } from "../storage/resolve-model-uri.ts";
import { AppliedModels, type LoadingModels } from "./applied-models.ts";
import type { AppliedModelState } from "./applied-status.ts";
import { readDocumentFolder } from "./document-folder.ts";
import type { CanaryShares } from "./canary-models.ts";
import type { PlannedModel, PlannedService } from "./plan.ts";
import { storedRepositories, type StoredRepositories } from "./repository-models.ts";
import { documentName } from "./revisions.ts";
import { noteRolledOut, readRolledOut } from "./rolled-out.ts";
import { wantedModels } from "./wanted-models.ts";

/** Models and graphs that KServe's documents of a folder ask for, served as the documents are now. */
export interface AppliedServices {
  /** Where the models lie, for the directory that loads them. */
  readonly places: ModelPlaces;
  /** Which part of a model's requests its canary answers now. */
  readonly canaryShares: () => CanaryShares;
  /** How each name that the documents want is served. */
  readonly states: () => readonly AppliedModelState[];
  /** Reads the documents, and serves what they ask for in place of what they asked for before. */
  reload(into: AppliedTargets): Promise<void>;
}

interface AppliedTargets {
  /** Loads and unloads the models of `places`. */
  readonly models: LoadingModels;
  readonly graphs: Pick<GraphModels, "apply">;
  /** Graphs that come from elsewhere. */
  readonly others?: readonly GraphDefinition[];
}

/** Names that no document can have, with what has each. */
export type TakenNames = () => Promise<ReadonlyMap<string, string>>;

export interface AppliedServicesOptions {
  /** Holds the documents: files whose names end with `.yaml` or `.yml`. */
  readonly folder: string;
  readonly storage: ModelStorage;
  readonly taken?: TakenNames | undefined;
  readonly logger: Logger;
}

const NONE_TAKEN: TakenNames = async () => new Map();

/** Reads the documents of a folder once. `reload` is asked for their graphs, and after each change. */
export async function openAppliedServices({
  folder,
  storage,
  taken = NONE_TAKEN,
  logger,
}: AppliedServicesOptions): Promise<AppliedServices> {
  const repositories = storedRepositories(storage);
  const { expand } = repositories;
  const wantedOf = async (services: readonly PlannedService[], ownerOf: (name: string) => string | undefined) =>
    wantedModels(services, { expand, ownerOf, taken: services.length === 0 ? new Map() : await taken() });
  const rolledOut = await readRolledOut(folder);
  const { services: first } = await readDocumentFolder(folder);
  const applied = new AppliedModels(await wantedOf(first, (name) => rolledOut.get(name)?.key), { rolledOut, logger });
  let turn: Promise<void> = Promise.resolve();
  const reload = async ({ models, graphs, others = [] }: AppliedTargets) => {
    const { services, remarks } = await readDocumentFolder(folder);
    for (const { level, of, path, line, because, file } of remarks)
      logger[level === "error" ? "error" : "info"]({ file, line, field: path }, `${of}: ${because}`);
    // What could not be loaded may have been mended where it lies.
    for (const uri of applied.failedUris()) repositories.forget(uri);
    const wanted = await wantedOf(services, (name) => applied.ownerOf(name));
    for (const { service, name, because } of wanted.refused)
      logger.error({ model: name }, `${service.document.kind} ${service.document.name}: ${because}`);
    const before = applied.rolledOut;
    await applied.change(wanted, models);
    await noteRolledOut(folder, { before, now: applied.rolledOut, logger });
    try {
      graphs.apply([...others, ...services.flatMap(({ graph }) => (graph === undefined ? [] : [graph]))]);
    } catch (error) {
      logger.error({ err: error }, isMillError(error) ? error.because : "the graphs could not be served");
    }
  };
  return {
    places: placesOf(() => applied.planned, { storage, repositories }),
    canaryShares: () => applied.shares,
    states: () => applied.states(),
    reload: (into) => {
      turn = turn.catch(() => undefined).then(() => reload(into));
      return turn;
    },
  };
}

interface Stores {
  readonly storage: ModelStorage;
  readonly repositories: Pick<StoredRepositories, "pathOf">;
}

function placesOf(planned: () => ReadonlyMap<string, PlannedModel>, stores: Stores): ModelPlaces {
  return {
    names: async () => [...planned().keys()],
    has: async (name) => planned().has(name),
    read: async (name, config) => {
      const model = planned().get(name);
      if (model === undefined) throw cannotLoad(`no document asks for ${name} any more`);
      const folder = await readPlanned(model, { ...stores, config });
      const own = ownConfig(name, folder.config);
      return { ...folder, config: config === undefined ? together(own, model.config) : own };
    },
  };
}

async function readPlanned(
  { uri, within, format }: PlannedModel,
  { storage, repositories, config }: Stores & { readonly config: string | undefined },
): Promise<ModelFolder> {
  if (within === undefined) return readStoredModel(await resolveModelUri(uri, storage), config, format);
  return readModelFolder(join(await repositories.pathOf(uri), within), config, format);
}

/** A canary's own configuration is named as its document is. */
function ownConfig(name: string, config: ModelConfig): ModelConfig {
  if (config.name !== documentName(name)) return config;
  const { name: _, ...rest } = config;
  return rest;
}

/** What a document says, before what the model's own configuration does. */
function together(own: ModelConfig, planned: ModelConfig): ModelConfig {
  return { ...own, ...planned, parameters: { ...own.parameters, ...planned.parameters } };
}
