import { systemClock, type Logger } from "@millwright/kernel";
import { answerTensors, tensorData, VARIANT_OUTPUTS } from "./answer.ts";
import { fullConfig } from "./inference/full-config.ts";
import { inferenceErrors } from "./inference/errors.ts";
import type { InferenceModel } from "./inference/ports.ts";
import { serveModel, type ModelDirectory, type ServedModel } from "./inference/served-model.ts";
import type { Datatype, TensorData } from "./inference/datatype.ts";
import type { Tensor, TensorSpec } from "./inference/tensor.ts";
import { badRequest, tooLarge } from "./errors.ts";
import { ID_LENGTH_MAX, isLonger, ROWS_MAX } from "./limits.ts";
import { datatypeOf } from "./field-datatype.ts";
import { functionTensors } from "./functions/function-tensors.ts";
import { isFunction, type LoadedFunction } from "./functions/load-function.ts";
import type { LoadedService, Prediction } from "./service.ts";
import type { ServingState } from "./serving-state.ts";

/**
 * A project's services as models of the Open Inference Protocol: an input for each field of a request, of any number of
 * rows, and as outputs what is answered, the predictions' names, and their explanations where those are asked for. What is
 * served is the project's to say: nothing is loaded or unloaded by callers.
 */
export function serviceModels(state: ServingState, logger: Logger): ModelDirectory {
  const known = new WeakMap<LoadedService | LoadedFunction, ServedModel>();
  const served = (service: LoadedService | LoadedFunction): ServedModel => {
    const found = known.get(service) ?? serveService(state, service, logger);
    known.set(service, found);
    return found;
  };
  const find = (name: string, given?: string) => {
    const version = given === "" ? undefined : given;
    return served(state.function(name, version) ?? state.service(name, version));
  };
  const all = () => [...state.services(), ...state.functions()].map(served);
  return {
    index: async () => all().map(({ name, version }) => ({ name, version, state: "READY", reason: "" })),
    find,
    obtain: async (name, version) => find(name, version),
    answers: async (name) => find(name).name === name,
    versions: (name) => {
      if (state.function(name) !== undefined) return [find(name)];
      const service = state.service(name);
      return [served(service), ...(service.variants ?? []).slice(1).map(served)];
    },
    served: all,
    load: async (name) => notByCallers(find(name).name),
    unload: async (name) => notByCallers(find(name).name),
    residency: () => ({ models: all().length, bytes: 0, bytesMax: undefined, loads: 0, evictions: 0 }),
    close: async () => {},
  };
}

function notByCallers(name: string): never {
  throw inferenceErrors.create("inference/not-by-callers", { because: `${name} is a service of a project` });
}

function serveService(state: ServingState, service: LoadedService | LoadedFunction, logger: Logger): ServedModel {
  const { name, version } = service.deployed;
  const model = isFunction(service) ? functionModel(state, service) : modelOf(state, service);
  const told = { name, version: String(version), model, bytes: 0, config: fullConfig(name, {}, model) };
  return serveModel(told, {
    clock: systemClock,
    onCloseFailed: (error) => logger.error({ err: error, service: name }, "a service could not be closed"),
  });
}

const EXPLANATION = "explanation";
/** Of each row what every feature of the model adds, and last the base: of several classes, for the one that is called. */
const CONTRIBUTIONS = "contributions";

function modelOf(state: ServingState, service: LoadedService): InferenceModel {
  const tensors = answerTensors(service.model, -1);
  const textOfRow = { datatype: "BYTES", shape: [-1], dimensionNames: ["rows"] } as const;
  const outputs: readonly TensorSpec[] = [
    ...tensors.map(({ name, datatype, shape }) => ({
      name,
      datatype: datatype as Datatype,
      shape,
      dimensionNames: ["rows", ...shape.slice(1).map(() => undefined)],
    })),
    { name: "prediction_id", ...textOfRow },
    ...(service.variants === undefined ? [] : VARIANT_OUTPUTS.map((name) => ({ name, ...textOfRow }))),
    { name: EXPLANATION, ...textOfRow, isOnRequest: true },
    ...(isOfOneKind(service) ? [contributionsSpec(service)] : []),
  ];
  const types = new Map(outputs.map(({ name, datatype }) => [name, datatype]));
  return {
    platform: "millwright",
    backend: "millwright",
    ...(isOfOneKind(service)
      ? { explanation: CONTRIBUTIONS, explained: service.model.features }
      : { notAsked: "versions of other features share its requests: name a version" }),
    inputs: inputsOf(service),
    outputs,
    infer: async (inputs, wanted, { id, parameters, headers } = {}) => {
      requireLimits(inputs[0]?.shape[0] ?? 0, id);
      const asked = { id, parameters, explain: wanted.includes(EXPLANATION) || wanted.includes(CONTRIBUTIONS) };
      const isByHeader = Object.hasOwn(service.deployed.traffic?.stickyBy ?? {}, "header");
      const predictions = state.predict(service, {
        ...asked,
        rows: rowsOf(inputs),
        headers: isByHeader ? headers?.() : undefined,
      });
      return wanted.map((name) => {
        const datatype = types.get(name) ?? "BYTES";
        if (name === CONTRIBUTIONS) return contributionsTensor(predictions, service.model.features);
        const values = valuesOf(name, predictions);
        const [, ...inner] = tensors.find((tensor) => tensor.name === name)?.shape ?? [];
        return { name, datatype, shape: [predictions.length, ...inner], data: dataOf(datatype, values) };
      });
    },
    close: async () => {},
  };
}

function contributionsSpec({ model }: LoadedService): TensorSpec {
  const shape = [-1, model.features.length + 1];
  return { name: CONTRIBUTIONS, datatype: "FP64", shape, dimensionNames: ["rows", undefined], isOnRequest: true };
}

/** Whether all versions that share its requests have the same features: then contributions of any of them are one tensor's. */
function isOfOneKind({ model, variants = [] }: LoadedService): boolean {
  return variants.every((other) => other.model.features.join("\0") === model.features.join("\0"));
}

function contributionsTensor(predictions: readonly Prediction[], features: readonly string[]): Tensor {
  const width = features.length + 1;
  const data = new Float64Array(predictions.length * width);
  for (const [row, { explanation }] of predictions.entries()) {
    const added = new Map(explanation?.contributions.map(({ feature, contribution }) => [feature, contribution]));
    const values = [...features.map((feature) => added.get(feature) ?? 0), explanation?.base ?? Number.NaN];
    data.set(values, row * width);
  }
  return { name: CONTRIBUTIONS, datatype: "FP64", shape: [predictions.length, width], data };
}

function inputsOf({ deployed }: LoadedService | LoadedFunction): InferenceModel["inputs"] {
  return deployed.request.map(({ name, type }) => ({
    name,
    datatype: datatypeOf(type),
    shape: [-1],
    dimensionNames: ["rows"],
    isOptional: true,
  }));
}

function functionModel(state: ServingState, service: LoadedFunction): InferenceModel {
  const outputs = functionTensors(service.deployed, -1).map((tensor) => ({
    ...tensor,
    datatype: tensor.datatype as Datatype,
    dimensionNames: ["rows"],
  }));
  const types = new Map(outputs.map(({ name, datatype }) => [name, datatype]));
  return {
    platform: "millwright",
    backend: "typescript",
    inputs: inputsOf(service),
    outputs,
    infer: async (inputs, wanted, { id, isTrial } = {}) => {
      requireLimits(inputs[0]?.shape[0] ?? 0, id);
      const answers = await state.callFunction(service, { rows: rowsOf(inputs), id, isTrial });
      return wanted.map((name) => {
        const datatype = types.get(name) ?? "BYTES";
        const values = answers.map((answer) => answer[name === "prediction_id" ? "id" : name]);
        return {
          name,
          datatype,
          shape: [answers.length],
          data: dataOf(datatype, withoutNulls(name, datatype, values)),
        };
      });
    },
    close: async () => {},
  };
}

/** A tensor has no null: a number is NaN then, a text is empty. Throws where there is nothing that stands for none. */
function withoutNulls(name: string, datatype: Datatype, values: readonly unknown[]): readonly unknown[] {
  return values.map((value) => {
    if (value !== null) return value;
    if (datatype === "FP64") return Number.NaN;
    if (datatype === "BYTES") return "";
    throw badRequest(`${name} is null, for which ${datatype} has no value: ask for it as plain JSON`);
  });
}

/** A request has the limits of a plain one, however it comes. */
function requireLimits(rows: number, id = ""): void {
  if (rows > ROWS_MAX) throw tooLarge(`${rows} rows, where ${ROWS_MAX} are the most`);
  if (isLonger(id, ID_LENGTH_MAX)) throw badRequest(`the id is longer than ${ID_LENGTH_MAX} characters`);
}

function valuesOf(name: string, predictions: readonly Prediction[]): readonly unknown[] {
  if (name === "variant" || name === "model_version") return predictions.map((prediction) => prediction[name]);
  if (name === "prediction_id") return predictions.map(({ id }) => id);
  if (name === EXPLANATION) return predictions.map(({ explanation }) => JSON.stringify(explanation));
  return tensorData(name, predictions);
}

function dataOf(datatype: Datatype, values: readonly unknown[]): TensorData {
  if (datatype === "FP64") return Float64Array.from(values as readonly number[]);
  if (datatype === "INT64") return BigInt64Array.from(values as readonly number[], BigInt);
  if (datatype === "BOOL") return Uint8Array.from(values as readonly boolean[], Number);
  return values.map((value) => Buffer.from(String(value)));
}

function rowsOf(inputs: readonly Tensor[]): readonly Readonly<Record<string, unknown>>[] {
  const columns = inputs.map((tensor) => ({ name: tensor.name, value: valueReader(tensor) }));
  const length = inputs[0]?.shape[0] ?? 0;
  return Array.from({ length }, (_, row) => Object.fromEntries(columns.map(({ name, value }) => [name, value(row)])));
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A row's value, as JSON would bring it: whole numbers with all their digits, and nothing for what is not a number. */
function valueReader({ name, datatype, data }: Tensor): (row: number) => unknown {
  if (datatype === "BOOL") return (row) => data[row] === 1;
  if (data instanceof BigInt64Array)
    return (row) => {
      const value = data[row] ?? 0n;
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    };
  if (!Array.isArray(data))
    return (row) => {
      const value = Number((data as Float64Array)[row]);
      return Number.isNaN(value) ? null : value;
    };
  const texts = data as readonly Uint8Array[];
  return (row) => {
    try {
      return UTF8.decode(texts[row]);
    } catch (cause) {
      throw inferenceErrors.create("inference/bad-request", { because: `${name} has a text that is no UTF-8`, cause });
    }
  };
}
