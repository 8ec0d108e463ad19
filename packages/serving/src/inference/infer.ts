import { isMillError } from "@millwright/kernel";
import { classify } from "./classification.ts";
import { inferenceErrors } from "./errors.ts";
import { LostDigits } from "./json-tensor.ts";
import { readInputs, type GivenTensor } from "./inputs.ts";
import type { AskedBy } from "./ports.ts";
import { cacheKey, type ResponseCache } from "./scheduling/response-cache.ts";
import type { Answered } from "./scheduling/scheduler.ts";
import type { ServedModel } from "./served-model.ts";
import { nanoseconds } from "./statistics.ts";
import { badRequest, quoted, type Tensor } from "./tensor.ts";

export interface InferCall extends AskedBy {
  readonly inputs: readonly GivenTensor[];
  /** All of the model's, in its order, unless some are asked for. */
  readonly outputs?: readonly WantedOutput[] | undefined;
  /** When the request had arrived, on the monotonic clock. */
  readonly arrivedMs: number;
}

export interface WantedOutput {
  readonly name: string;
  /** So many of the likeliest classes in place of the values. */
  readonly classes?: number | undefined;
}

interface InferClock {
  nowMs(): number;
  monotonicMs(): number;
}

export interface InferTools {
  readonly clock: InferClock;
  readonly cache: ResponseCache;
}

/** Answers one request: its outputs in the order asked for. What fails is counted where the model is known. */
export async function infer(served: ServedModel, call: InferCall, tools: InferTools): Promise<readonly Tensor[]> {
  const { clock } = tools;
  try {
    const answered = await answer(served, call, tools);
    served.took?.(clock.monotonicMs() - call.arrivedMs);
    return answered;
  } catch (error) {
    // It is read again, and counts once.
    if (!(error instanceof LostDigits)) served.statistics.failed(nanoseconds(clock.monotonicMs() - call.arrivedMs));
    throw error;
  }
}

async function answer(served: ServedModel, call: InferCall, { clock, cache }: InferTools): Promise<readonly Tensor[]> {
  const { model, config, statistics, scheduler } = served;
  const begunMs = clock.monotonicMs();
  const wanted = wantedOutputs(call.outputs, served);
  const inputs = readInputs(call.inputs, model.inputs);
  const rows = rowsOf(inputs, config.max_batch_size ?? 0);
  const outputs = wanted.map(({ name }) => name);
  const readMs = clock.monotonicMs();
  const { id, parameters, headers, deadlineMs, priority, isCancelled, through, isTrial } = call;
  const work = { inputs, outputs, rows, id, parameters, headers, deadlineMs, priority, isCancelled, through, isTrial };
  const ask = () => scheduler.run(work);
  // Used from here on: who waits for another's answer may have to ask by itself after all.
  const found = await served
    .use(() =>
      config.response_cache?.enable === true
        ? cache.answer(cacheKey(`${served.load}:`, inputs, outputs), ask)
        : ask().then((fresh) => ({ outputs: fresh.outputs, fresh })),
    )
    .catch(refused);
  const inferredMs = clock.monotonicMs();
  const answered = asAsked(found.outputs, call.outputs).map((tensor, at) => {
    const { classes, labels } = wanted[at] ?? {};
    return classes === undefined ? tensor : classify(tensor, { classes, labels });
  });
  const nowMs = clock.nowMs();
  const { fresh } = found as { readonly fresh?: Answered };
  if (fresh === undefined) {
    const wholeNs = nanoseconds(clock.monotonicMs() - call.arrivedMs);
    statistics.hit({ wholeNs, cacheNs: nanoseconds(inferredMs - readMs), nowMs });
    return answered;
  }
  if (config.response_cache?.enable === true)
    statistics.missed(nanoseconds(inferredMs - readMs - fresh.queueMs - fresh.inferMs));
  const phases = {
    queueNs: nanoseconds(begunMs - call.arrivedMs + fresh.queueMs),
    inputNs: nanoseconds(readMs - begunMs),
    inferNs: nanoseconds(fresh.inferMs),
    outputNs: nanoseconds(clock.monotonicMs() - inferredMs),
  };
  statistics.succeeded(phases, { rows, nowMs });
  return answered;
}

/** A graph's way decides which outputs there are: none answers in place of another that was asked for. */
function asAsked(outputs: readonly Tensor[], asked: InferCall["outputs"] = []): readonly Tensor[] {
  const odd = asked.find(({ name }, at) => outputs[at]?.name !== name);
  if (odd !== undefined) throw badRequest(`what answered this request has no output ${quoted(odd.name)}`);
  return outputs;
}

function wantedOutputs(asked: InferCall["outputs"], { model }: ServedModel) {
  if (asked === undefined || asked.length === 0)
    return model.outputs
      .filter(({ isOnRequest }) => isOnRequest !== true)
      .map(({ name, labels }) => ({ name, labels, classes: undefined }));
  const specs = new Map(model.outputs.map((spec) => [spec.name, spec]));
  return asked.map(({ name, classes }) => {
    const spec = specs.get(name);
    if (spec === undefined) throw badRequest(`the model has no output ${quoted(name)}`);
    return { name, labels: spec.labels, classes };
  });
}

/**
 * The rows of a request, by its first input's first dimension. Throws where there are more than the model takes in a batch,
 * and where its inputs have not as many each: beside others' rows nobody could say whose they are.
 */
function rowsOf(inputs: readonly Tensor[], rowsMax: number): number {
  const rows = inputs[0]?.shape[0] ?? 1;
  const odd = rowsMax > 0 ? inputs.find(({ shape: [size] }) => size !== rows) : undefined;
  if (odd !== undefined)
    throw badRequest(
      `${odd.name} has ${odd.shape[0]} rows and ${inputs[0]?.name} ${rows}: a batch has as many of each`,
    );
  if (rowsMax > 0 && rows > rowsMax) throw badRequest(`${rows} rows, where the model takes ${rowsMax} at the most`);
  return rows;
}

/** The inputs are as declared: what the runtime then says of them is the graph's own condition. */
function refused(error: unknown): never {
  if (isMillError(error)) throw error;
  const because = error instanceof Error ? error.message.split("\n")[0]?.slice(0, 500) : undefined;
  throw inferenceErrors.create("inference/refused", { because: because ?? "it ended with an error", cause: error });
}
