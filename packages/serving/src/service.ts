import { readFile } from "node:fs/promises";
import type { Clock, IdSource } from "@millwright/kernel";
import { createOnlineFeatures, type OnlineStore } from "@millwright/feature-store";
import { decodeModel, scoreRow } from "@millwright/training";
import type { DeployedService } from "./deployment.ts";
import { declaredFields } from "./request.ts";
import type { PredictionLog } from "./prediction-log.ts";

/** One answer. `id` names it in the prediction log and in lineage. */
export interface Prediction {
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
  readonly probability: number;
}

export interface LoadedService {
  readonly deployed: DeployedService;
  predict(request: Readonly<Record<string, unknown>>, id?: string): Prediction;
}

export interface ServicePorts {
  readonly online: OnlineStore;
  readonly log: PredictionLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Loads a service's model and prepares its lookup. Fails before anything is replaced. */
export async function loadService(
  { online, log, clock, ids }: ServicePorts,
  deployed: DeployedService,
): Promise<LoadedService> {
  const model = decodeModel(await readFile(deployed.modelPath));
  const features = createOnlineFeatures(online, {
    selections: deployed.selections,
    ...(deployed.timestamp === undefined ? {} : { timestamp: deployed.timestamp }),
  });
  if (features.names.join() !== model.features.join())
    throw new Error(`the features of ${deployed.name} are not those of its model`);
  return {
    deployed,
    predict: (given, givenId) => {
      const startedMs = clock.monotonicMs();
      const nowMs = clock.nowMs();
      const request = declaredFields(deployed.request, given);
      const found = features.lookup(request, nowMs);
      const probability = scoreRow(model, found.values);
      const id = givenId ?? ids();
      log.add({
        id,
        at_ms: nowMs,
        service: deployed.name,
        model: deployed.model,
        model_version: deployed.version,
        request: JSON.stringify(request),
        features: JSON.stringify(Array.from(found.values, (value) => (Number.isNaN(value) ? null : value))),
        feature_times: JSON.stringify(found.featureTimesMs),
        missing: found.missing.join(","),
        stale: found.stale.join(","),
        probability,
        latency_us: Math.round((clock.monotonicMs() - startedMs) * 1_000),
      });
      return { id, model_name: deployed.name, model_version: String(deployed.version), probability };
    },
  };
}
