import type { Datatype } from "./datatype.ts";
import type { ModelConfig, TensorConfig } from "./model-config.ts";
import { cannotLoad } from "./model-folder.ts";
import type { InferenceModel } from "./ports.ts";
import type { TensorSpec } from "./tensor.ts";

/** The configuration with what the model itself says filled in. Throws `inference/cannot-load` where the two disagree. */
export function fullConfig(name: string, config: ModelConfig, model: InferenceModel): ModelConfig {
  if (config.name !== undefined && config.name !== "" && config.name !== name)
    throw cannotLoad(`its configuration is named ${JSON.stringify(config.name)}, its folder ${JSON.stringify(name)}`);
  const batch = config.max_batch_size ?? 0;
  const inputs = { of: "input", given: config.input ?? [], specs: model.inputs, batch };
  const outputs = {
    of: "output",
    given: config.output ?? [],
    specs: model.outputs.filter(({ isOnRequest }) => isOnRequest !== true),
    batch,
  };
  const { platform, backend } = model;
  return {
    platform,
    backend,
    version_policy: { latest: { num_versions: 1 } },
    ...config,
    name,
    max_batch_size: batch,
    input: tensors(inputs),
    output: tensors(outputs),
  } as ModelConfig;
}

interface Side {
  readonly of: string;
  readonly given: readonly TensorConfig[];
  readonly specs: readonly TensorSpec[];
  readonly batch: number;
}

function tensors({ of, given, specs, batch }: Side): readonly TensorConfig[] {
  const stranger = given.find(({ name }) => !specs.some((spec) => spec.name === name));
  if (stranger !== undefined)
    throw cannotLoad(`its configuration has the ${of} ${JSON.stringify(stranger.name)}, the model has not`);
  return specs.map((spec) => {
    const configured = given.find(({ name }) => name === spec.name);
    if (batch > 0 && spec.shape[0] !== -1)
      throw cannotLoad(`max_batch_size is ${batch}, and the first dimension of ${spec.name} is no batch`);
    const data_type = typeOf(spec.datatype);
    const said = configured?.data_type ?? data_type;
    if (said !== data_type && said !== "TYPE_INVALID")
      throw cannotLoad(`${spec.name} is configured as ${said} and is ${data_type}`);
    return { dims: batch > 0 ? spec.shape.slice(1) : [...spec.shape], ...configured, name: spec.name, data_type };
  });
}

function typeOf(datatype: Datatype): string {
  return datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;
}
