import { readFile } from "node:fs/promises";
import type { Clock, IdSource } from "@millwright/kernel";
import { createOnlineFeatures, type LookedUp, type OnlineStore } from "@millwright/feature-store/serving";
import { decodeModel, encodersOf, type TreeModel } from "@millwright/training/serving";
import { answerRow, loggedAnswer, type Answer } from "./answer.ts";
import { createAnswerExplainer, type AnswerExplanation } from "./explanation.ts";
import type { DeployedService } from "./deployment.ts";
import { declaredFields } from "./request.ts";
import { createServicePhases, type PhasesOf } from "./service-phases.ts";
import type { PredictionLog } from "./prediction-log.ts";

/** One answer. `id` names it in the prediction log and in lineage. */
export type Prediction = Answer & {
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
  /** Which of the versions that share the service's requests answered. */
  readonly variant?: string;
  /** When it was asked for. */
  readonly explanation?: AnswerExplanation;
};

interface PredictOptions {
  /** Names the prediction; a new name unless given. */
  readonly id?: string | undefined;
  readonly explain?: boolean;
  /** Of the request as a whole: the same key, the same variant. */
  readonly key?: string | undefined;
  /** Where what it answers is kept; in the log of predictions unless told. */
  readonly log?: Pick<PredictionLog, "add">;
  /** It is asked in order to explain another answer: nothing of it is kept, and no version is judged by it. */
  readonly isTrial?: boolean | undefined;
}

export interface LoadedService {
  readonly deployed: DeployedService;
  readonly model: TreeModel;
  /** All the versions that share its requests, the first its own; none where nothing shares them. */
  readonly variants?: readonly LoadedService[];
  /** How long what it answers takes, where that is measured. */
  readonly measured?: PhasesOf;
  predict(request: Readonly<Record<string, unknown>>, options?: PredictOptions): Prediction;
}

export interface ServicePorts {
  readonly online: OnlineStore;
  readonly log: PredictionLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** As what a version answers, where several share a service's requests. */
export interface AnsweringAs {
  readonly variant: string;
  readonly experiment: string | undefined;
}

/** Loads a service's model and prepares its lookup. Fails before anything is replaced. */
export async function loadService(
  { online, log, clock, ids }: ServicePorts,
  deployed: DeployedService,
  as?: AnsweringAs,
): Promise<LoadedService> {
  const model = decodeModel(await readFile(deployed.modelPath));
  const features = createOnlineFeatures(online, {
    selections: deployed.selections,
    ...(deployed.timestamp === undefined ? {} : { timestamp: deployed.timestamp }),
  });
  if (features.names.join() !== model.features.join())
    throw new Error(`the features of ${deployed.name} are not those of its model`);
  const encode = rowEncoder(model);
  const explain = createAnswerExplainer(model);
  const assigned = { variant: as?.variant ?? null, experiment: as?.experiment ?? null };
  const told = as === undefined ? {} : { variant: as.variant };
  const phases = createServicePhases();
  return {
    deployed,
    model,
    measured: { service: deployed.name, version: deployed.version, variant: as?.variant, phases },
    predict: (given, { id: givenId, explain: isExplained = false, log: kept = log, isTrial } = {}) => {
      const startedMs = clock.monotonicMs();
      const nowMs = clock.nowMs();
      const request = declaredFields(deployed.request, given);
      const readMs = clock.monotonicMs();
      const found = features.lookup(request, nowMs);
      const row = encode(found);
      const foundMs = clock.monotonicMs();
      const answer = answerRow(model, row);
      phases.lastMs = nowMs;
      phases.features.observe((foundMs - readMs) / 1_000);
      phases.compute.observe((clock.monotonicMs() - foundMs) / 1_000);
      const values = toldValues(model, found);
      const id = givenId ?? ids();
      const record = {
        id,
        at_ms: nowMs,
        service: deployed.name,
        model: deployed.model,
        model_version: deployed.version,
        request,
        features: values,
        feature_times: found.featureTimesMs,
        missing: found.missing.join(","),
        stale: found.stale.join(","),
        ...loggedAnswer(answer),
        latency_us: Math.round((clock.monotonicMs() - startedMs) * 1_000),
        ...assigned,
      };
      if (isTrial !== true) kept.add(record);
      const prediction = { id, model_name: deployed.name, model_version: String(deployed.version), ...told, ...answer };
      return isExplained ? { ...prediction, explanation: explain({ row, values, answer }) } : prediction;
    },
  };
}

/** How a looked-up row becomes the model's: of categorical features the value's place, in new memory where there are any. */
function rowEncoder(model: TreeModel): (found: LookedUp) => Float32Array {
  const encoders = [...encodersOf(model)].map(([name, encode]) => ({ name, encode, at: model.features.indexOf(name) }));
  if (encoders.length === 0) return ({ values }) => values;
  return ({ values, texts }) => {
    const row = values.slice();
    for (const { name, encode, at } of encoders) row[at] = encode(texts[name] ?? values[at]);
    return row;
  };
}

/** The features as they were looked up, for the log: numbers, text, null for missing. */
function toldValues({ features }: TreeModel, { values, texts }: LookedUp): readonly (number | string | null)[] {
  const told: (number | string | null)[] = [];
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    told.push(Number.isNaN(value) ? (texts[features[at] ?? ""] ?? null) : value);
  }
  return told;
}
