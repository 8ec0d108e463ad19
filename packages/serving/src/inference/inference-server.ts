import type { Clock, Logger } from "@millwright/kernel";
import type { PayloadLog, WatchedInference } from "../payloads/payload-log.ts";
import type { Copying } from "../shards/copying.ts";
import type { Shards } from "../shards/shards.ts";
import { infer, type InferCall, type InferTools } from "./infer.ts";
import { ResponseCache } from "./scheduling/response-cache.ts";
import type { ModelDirectory, ServedModel } from "./served-model.ts";
import {
  changedLog,
  changedTrace,
  LOG_DEFAULTS,
  TRACE_DEFAULTS,
  type LogSettings,
  type TraceSettings,
} from "./settings.ts";
import { createSharedMemory, type SharedMemory } from "./shared-memory.ts";
import type { Tensor } from "./tensor.ts";
import { traceIdsOf } from "./trace-context.ts";

/** The extensions of the Open Inference Protocol that are spoken, as `/v2` lists them. */
export const EXTENSIONS = [
  "binary_tensor_data",
  "classification",
  "model_configuration",
  "model_repository",
  "statistics",
  "trace",
  "logging",
  "system_shared_memory",
] as const;

/** What both protocols ask: the models, their answers, and the server's settings. */
export interface InferenceServer {
  readonly name: string;
  readonly version: string;
  readonly models: ModelDirectory;
  readonly memory: SharedMemory;
  readonly clock: Clock;
  /** Keeps some of what is asked and answered. */
  readonly payloads?: PayloadLog | undefined;
  /** The processes that are one server to their callers, where it is several. */
  readonly shards?: Shards | undefined;
  /** Where it is one of several processes: the copies of models among them. */
  readonly copying?: Copying | undefined;
  infer(served: ServedModel, call: InferCall): Promise<readonly Tensor[]>;
  logSettings(change?: Readonly<Record<string, unknown>>): LogSettings;
  /** Of all models, or of one. Throws `inference/unknown-model`. */
  traceSettings(model?: string, change?: Readonly<Record<string, unknown>>): TraceSettings;
}

export interface InferenceServerOptions {
  readonly version: string;
  readonly models: ModelDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the answers that are kept may take, of the models that have a `response_cache`. */
  readonly cacheBytesMax: number;
  readonly payloads?: PayloadLog | undefined;
}

export function createInferenceServer({
  version,
  models,
  clock,
  logger,
  cacheBytesMax,
  payloads,
}: InferenceServerOptions): InferenceServer {
  const tools = { clock, cache: new ResponseCache(cacheBytesMax) };
  let log = LOG_DEFAULTS;
  let trace = TRACE_DEFAULTS;
  const traces = new Map<string, TraceSettings>();
  let asked = 0;
  /** Since the settings of traces were last changed: their count is of what follows. */
  let traced = 0;
  const tell = (served: ServedModel, { id, arrivedMs, headers }: InferCall) => {
    const { trace_level, trace_rate, trace_count } = traces.get(served.name) ?? trace;
    asked += 1;
    const isTraced = trace_level[0] !== "OFF" && Number(trace_count) !== traced && asked % Number(trace_rate) === 0;
    if (isTraced) traced += 1;
    if (!log.log_info || (!isTraced && log.log_verbose_level < 1)) return;
    const tookMs = clock.monotonicMs() - arrivedMs;
    const traceIds = traceIdsOf(headers?.()["traceparent"]);
    const told = { model: served.name, version: served.version, id, tookMs, isTraced, ...traceIds };
    logger.info(told, "an inference was answered");
  };
  return {
    name: "millwright",
    version,
    models,
    memory: createSharedMemory(),
    clock,
    payloads,
    infer: async (found, call) => {
      const served = found.revisionFor?.(call) ?? found;
      const watched = call.isTrial === true ? undefined : payloads?.watch(served, call);
      const outputs =
        watched === undefined ? await infer(served, call, tools) : await watchedInfer(served, call, { watched, tools });
      tell(served, call);
      return outputs;
    },
    logSettings: (change) => {
      if (change !== undefined) log = changedLog(log, change);
      return log;
    },
    traceSettings: (model, change) => {
      if (change !== undefined) traced = 0;
      if (model === undefined || model === "") return (trace = changedTrace(trace, change ?? {}, TRACE_DEFAULTS));
      models.find(model);
      const settings = changedTrace(traces.get(model) ?? trace, change ?? {}, trace);
      if (change !== undefined) traces.set(model, settings);
      return settings;
    },
  };
}

async function watchedInfer(
  served: ServedModel,
  call: InferCall,
  { watched, tools }: { readonly watched: WatchedInference; readonly tools: InferTools },
): Promise<readonly Tensor[]> {
  try {
    const outputs = await infer(served, { ...call, inputs: watched.inputs }, tools);
    watched.answered(outputs);
    return outputs;
  } catch (error) {
    watched.failed(error);
    throw error;
  }
}
