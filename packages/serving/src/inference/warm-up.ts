import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decodeBinary } from "./binary-tensor.ts";
import { arrayOf, type Datatype, type TensorData } from "./datatype.ts";
import type { ModelConfig, WarmupConfig, WarmupInput } from "./model-config.ts";
import { cannotLoad } from "./model-folder.ts";
import type { InferenceModel } from "./ports.ts";
import { elementsOf, type Tensor, type TensorSpec } from "./tensor.ts";

/**
 * Asks a model what its `model_warmup` says before it is served, each sample `count` times (once where it says nothing).
 * `input_data_file` lies in the folder `warmup` beside its versions, as raw elements. Throws `inference/cannot-load`: what
 * cannot be answered now could not be later.
 */
export async function warmUp(
  model: InferenceModel,
  { config, file }: { readonly config: ModelConfig; readonly file: string },
): Promise<void> {
  const outputs = model.outputs.filter(({ isOnRequest }) => isOnRequest !== true).map(({ name }) => name);
  for (const sample of config.model_warmup ?? []) {
    const called = `its model_warmup ${JSON.stringify(sample.name ?? "")}`;
    const inputs = await inputsOf(sample, { model, config, called, folder: join(dirname(dirname(file)), "warmup") });
    const parameters = config.sequence_batching && { sequence_id: 1, sequence_start: true, sequence_end: true };
    for (let time = 0; time < Math.max(1, sample.count ?? 0); time += 1)
      await model.infer(inputs, outputs, { parameters }).catch((cause: unknown) => {
        throw cannotLoad(`${called} failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
      });
  }
}

interface Told {
  readonly model: InferenceModel;
  readonly config: ModelConfig;
  readonly called: string;
  readonly folder: string;
}

function inputsOf(sample: WarmupConfig, { model, config, called, folder }: Told): Promise<readonly Tensor[]> {
  const given = sample.inputs ?? {};
  const stranger = Object.keys(given).find((name) => !model.inputs.some((spec) => spec.name === name));
  if (stranger !== undefined) throw cannotLoad(`${called} has the input ${stranger}, the model has not`);
  const batch = (config.max_batch_size ?? 0) > 0 ? [Math.max(1, sample.batch_size ?? 0)] : [];
  return Promise.all(
    model.inputs
      .filter(({ name, isOptional }) => given[name] !== undefined || isOptional !== true)
      .map(async (spec) => {
        const input = given[spec.name];
        if (input === undefined) throw cannotLoad(`${called} has no input ${spec.name}`);
        requireType(spec, { input, called });
        const shape = [...batch, ...(input.dims ?? [])];
        const fits =
          shape.length === spec.shape.length && shape.every((size, at) => [size, -1].includes(spec.shape[at] ?? -2));
        if (!fits) throw cannotLoad(`${called} has ${spec.name} of [${shape.join(", ")}]`);
        const elements = elementsOf(spec.name, shape);
        const { name, datatype } = spec;
        return { name, datatype, shape, data: await dataOf(input, { name, datatype, elements, folder }) };
      }),
  );
}

function requireType(
  { name, datatype }: TensorSpec,
  { input, called }: { readonly input: WarmupInput; readonly called: string },
): void {
  const type = datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
  const told = input.data_type ?? type;
  if (told !== type && told !== "TYPE_INVALID") throw cannotLoad(`${called} has ${name} of ${told}, and it is ${type}`);
}

interface Wanted {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: number;
  readonly folder: string;
}

async function dataOf(input: WarmupInput, { folder, ...wanted }: Wanted): Promise<TensorData> {
  const { input_data_file: file = "" } = input;
  if (file !== "") {
    if (/[/\\\0]|^\.\.?$/.test(file)) throw cannotLoad(`input_data_file ${JSON.stringify(file)} is no file's name`);
    const bytes = await readFile(join(folder, file)).catch((cause: unknown) => {
      throw cannotLoad(`the warm-up's data are not at warmup/${file}`, cause);
    });
    return decodeBinary(bytes, wanted);
  }
  const { datatype, elements } = wanted;
  if (datatype === "BYTES") return Array.from({ length: elements }, () => Buffer.alloc(0));
  const data = new (arrayOf(datatype))(elements);
  if (input.random_data === true) fillRandomly(data as Float32Array, datatype);
  return data;
}

/** The same at each load: a model that fails on some numbers fails each time. */
function fillRandomly(data: Float32Array, datatype: Datatype): void {
  const isBig = datatype === "INT64" || datatype === "UINT64";
  const isFraction = datatype.startsWith("FP");
  const most = datatype === "BOOL" ? 2 : 100;
  let state = 1;
  for (let at = 0; at < data.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const share = state / 2 ** 32;
    const value = isFraction ? share : Math.floor(share * most);
    (data as unknown as (number | bigint)[])[at] = isBig ? BigInt(value) : value;
  }
}
