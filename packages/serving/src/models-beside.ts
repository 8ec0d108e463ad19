import { dirname } from "node:path";
import { systemClock, type Logger } from "@millwright/kernel";
import type { ModelLimits } from "./deployment.ts";
import { openComposedModels, type ComposedModels } from "./inference/composed-models.ts";
import { openFolderModels, type BoundedModels, type OnDemand } from "./inference/folder-models.ts";
import type { InferenceServer } from "./inference/inference-server.ts";
import type { ModelPlaces } from "./inference/model-places.ts";
import type { OpenModel } from "./inference/ports.ts";
import { documentsFolder } from "./kserve/places.ts";
import { canaryName } from "./kserve/revisions.ts";
import { serviceModels } from "./service-models.ts";
import type { ServingState } from "./serving-state.ts";
import type { ModelStorage } from "./storage/resolve-model-uri.ts";

export interface ModelsBesideOptions {
  readonly deploymentFile: string;
  /** Opens the models that documents ask for. Undefined: there is none who opens any. */
  readonly openModel?: OpenModel | undefined;
  /** Where documents' models are fetched to. */
  readonly storage?: ModelStorage | undefined;
  readonly logger: Logger;
}

interface ModelsBeside {
  readonly models: ComposedModels;
  /** Holds documents' models to what the deployment now gives them. */
  readonly followLimits: () => void;
}

/** The project's services, what documents ask for beside them within the deployment's limits, and graphs of both. */
export async function openModelsBeside(
  state: ServingState,
  { deploymentFile, openModel = opensNone, storage, logger }: ModelsBesideOptions,
  server: () => InferenceServer,
): Promise<ModelsBeside> {
  let followLimits = () => {};
  const openWithin = async (elsewhere: ModelPlaces) => {
    const limits = state.modelLimits();
    const onDemand = onDemandOf(limits);
    const bounded = await openFolderModels({ elsewhere, openModel, clock: systemClock, logger, onDemand });
    followLimits = limitsFollower({ bounded, limits: () => state.modelLimits(), before: limits, logger });
    return bounded;
  };
  const models = await openComposedModels({
    documents: documentsFolder({ deploymentFile }),
    storage: storage ?? { cacheFolder: dirname(deploymentFile), bytesMax: 0 },
    first: serviceModels(state, logger),
    open: openWithin,
    server,
    clock: systemClock,
    logger,
  });
  return { models, followLimits };
}

interface Followed {
  readonly bounded: BoundedModels;
  readonly limits: () => ModelLimits | undefined;
  /** What they are held to already. */
  readonly before: ModelLimits | undefined;
  readonly logger: Logger;
}

function limitsFollower({ bounded, limits, before, logger }: Followed): () => void {
  let held = JSON.stringify(before);
  return () => {
    const next = limits();
    if (JSON.stringify(next) === held) return;
    held = JSON.stringify(next);
    bounded
      .limit(onDemandOf(next))
      .catch((error: unknown) => logger.error({ err: error }, "the limits of models could not be followed"));
  };
}

/** A canary of a pinned model stays as that does. */
function onDemandOf(limits: ModelLimits | undefined): OnDemand | undefined {
  if (limits === undefined) return undefined;
  const { bytesMax, pinned } = limits;
  return { bytesMax, pinned: [...pinned, ...pinned.map(canaryName)], pinsAhead: true };
}

function opensNone(): Promise<never> {
  throw new Error("no model of a document is opened here");
}
