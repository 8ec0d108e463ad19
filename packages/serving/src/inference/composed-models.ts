import { watch } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { Clock, Logger } from "@millwright/kernel";
import type { GraphDefinition } from "../graphs/graph-definition.ts";
import { withGraphs } from "../graphs/graph-models.ts";
import { openAppliedServices, type TakenNames } from "../kserve/applied-services.ts";
import type { AppliedTold } from "../kserve/applied-status.ts";
import { withCanaries } from "../kserve/canary-models.ts";
import { createCopying, type Copying } from "../shards/copying.ts";
import { withPeerModels } from "../shards/peer-models.ts";
import type { Shards } from "../shards/shards.ts";
import type { ModelStorage } from "../storage/resolve-model-uri.ts";
import { createAskModel } from "./ask-model.ts";
import type { InferenceServer } from "./inference-server.ts";
import { joinedModels } from "./joined-models.ts";
import type { ModelPlaces } from "./model-places.ts";
import type { ModelDirectory } from "./served-model.ts";

export interface ComposedModelsOptions {
  /** Holds KServe's documents; it is watched. Undefined where there are none. */
  readonly documents: string | undefined;
  /** Where the documents' models come from. */
  readonly storage: ModelStorage;
  /** Opens the models of places beside its own, if it has any. */
  readonly open: (elsewhere: ModelPlaces) => Promise<ModelDirectory>;
  /** Names of models beside the documents', which no document can have, with what has each. */
  readonly taken?: TakenNames | undefined;
  /** Models that are served beside those, and before them where both have a name. */
  readonly first?: ModelDirectory | undefined;
  /** Graphs that are not from documents; asked again when `reload` is called. */
  readonly graphs?: (() => Promise<readonly GraphDefinition[]>) | undefined;
  /** The server of these models. */
  readonly server: () => InferenceServer;
  /** Where the server is several processes: of documents and definitions, this one serves what is its own. */
  readonly shards?: Shards | undefined;
  /** What copies of other processes' models may take here. */
  readonly copiesBytesMax?: number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ComposedModels extends ModelDirectory {
  /** The names of all graphs, whichever process serves them. */
  graphNames(): readonly string[];
  /** Where the server is several processes. */
  readonly copying: Copying | undefined;
  /** Serves what the documents and definitions are now. */
  reload(): Promise<void>;
  /** How what the documents ask for is served. */
  applied(): Promise<AppliedTold>;
}

/** An editor writes a file in more than one step. */
const SETTLED_MS = 100;

/** Models, what KServe's documents ask for beside them, and graphs of all of them. */
export async function openComposedModels(options: ComposedModelsOptions): Promise<ComposedModels> {
  const { documents, storage, open, first, graphs: defined, server, shards, clock, logger } = options;
  const { copiesBytesMax: bytesMax = 0 } = options;
  if (documents !== undefined) await mkdir(documents, { recursive: true });
  const taken = async () => new Map([...((await options.taken?.()) ?? []), ...(await namesOf(first))]);
  const applied =
    documents === undefined ? undefined : await openAppliedServices({ folder: documents, storage, taken, logger });
  const opened = await open(applied?.places ?? NOWHERE);
  const own =
    applied === undefined ? opened : withCanaries(opened, { shares: applied.canaryShares, random: Math.random });
  const joined = first === undefined ? own : joinedModels(first, own);
  const copying = shards && createCopying(joined, { shards, bytesMax, clock, logger });
  const base = shards && copying ? withPeerModels(joined, { shards, copying, clock }) : joined;
  const isOwn = shards?.isOwn;
  const graphs = withGraphs(base, { ask: createAskModel(server), clock, logger, random: Math.random, isOwn });
  const models = isOwn === undefined ? own : ownLoads(own, isOwn);
  const reload = async () => {
    const others = (await defined?.()) ?? [];
    if (applied === undefined) graphs.apply(others);
    else await applied.reload({ models, graphs, others });
  };
  await reload();
  const again = () =>
    reload().catch((error: unknown) =>
      logger.error({ err: error }, "the documents could not be read; those before go on"),
    );
  const stop = documents === undefined ? () => {} : watched(documents, () => void again());
  return {
    ...graphs,
    copying,
    reload,
    applied: async () => ({ models: applied?.states() ?? [], taken: Object.fromEntries(await taken()) }),
    close: () => {
      stop();
      return graphs.close();
    },
  };
}

async function namesOf(services: ModelDirectory | undefined): Promise<readonly (readonly [string, string])[]> {
  return ((await services?.index()) ?? []).map(({ name }) => [name, "a service of the project"]);
}

/** Loads and unloads what is this process's; the others see the same documents. */
function ownLoads(
  own: ModelDirectory,
  isOwn: (name: string) => boolean,
): Pick<ModelDirectory, "load" | "unload" | "index"> {
  return {
    index: () => own.index(),
    load: async (name, options) => (isOwn(name) ? own.load(name, options) : undefined),
    unload: async (name) => (isOwn(name) ? own.unload(name) : undefined),
  };
}

const NOWHERE: ModelPlaces = {
  names: async () => [],
  has: async () => false,
  read: async (name) => {
    throw new Error(`there is no place of ${name}`);
  },
};

/** Tells of changes of a folder's documents, once they have settled. */
function watched(folder: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, (_event, name) => {
    if (name !== null && !/\.ya?ml$/.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLED_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
