import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isDatatype } from "../inference/datatype.ts";
import { cannotLoad } from "../inference/model-folder.ts";
import type { ModelConfig, TensorConfig } from "../inference/model-config.ts";
import type { FormatName } from "../inference/model-format.ts";
import type { TensorSpec } from "../inference/tensor.ts";
import { readPythonFunction } from "../mlflow/python-function.ts";
import type { FrameHeader } from "./frames.ts";

/** What a worker is told of the model that it is to load. */
export async function loadFrame(
  file: string,
  config: ModelConfig,
  format?: FormatName,
): Promise<FrameHeader & { readonly file: string }> {
  const batch = config.max_batch_size ?? 0;
  const parameters = Object.entries(config.parameters ?? {}).map(([name, { string_value: text = "" }]) => [name, text]);
  const name = config.name ?? basename(dirname(dirname(file)));
  const mlflow = basename(file) === "MLmodel" ? readPythonFunction(file, await readFile(file, "utf8")) : undefined;
  return {
    kind: "load",
    file,
    config: { ...config, name },
    parameters: Object.fromEntries(parameters) as Readonly<Record<string, string>>,
    inputs: mlflow?.inputs ?? (config.input ?? []).map((tensor) => declared(tensor, batch)),
    outputs: mlflow?.outputs ?? (config.output ?? []).map((tensor) => declared(tensor, batch)),
    ...(mlflow === undefined ? {} : { mlflow }),
    ...(format === undefined ? {} : { format }),
  };
}

function declared({ name, data_type: type = "", dims = [] }: TensorConfig, batch: number) {
  const datatype = type === "TYPE_STRING" ? "BYTES" : type.replace(/^TYPE_/, "");
  if (!isDatatype(datatype)) throw cannotLoad(`${name} is configured without a data_type that is known`);
  return { name, datatype, shape: batch > 0 ? [-1, ...dims] : dims };
}

interface ModelSpecs {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly platform: string;
}

/** What a model says of itself once it is loaded. Throws `inference/cannot-load` for what no tensor is like. */
export function specsOf({ inputs, outputs, platform }: FrameHeader): ModelSpecs {
  return { inputs: listOf(inputs), outputs: listOf(outputs), platform: String(platform) };
}

function listOf(given: unknown): readonly TensorSpec[] {
  return (given as readonly TensorSpec[]).map((spec) => {
    const { name, datatype, shape } = spec;
    if (typeof name !== "string" || name === "" || !isDatatype(datatype))
      throw cannotLoad(`it declares ${JSON.stringify(spec)}, which is no tensor`);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= -1))
      throw cannotLoad(`${name} has the shape [${shape.join(", ")}], whose sizes are from 0 on, or -1 for any`);
    return { ...spec, dimensionNames: spec.dimensionNames ?? shape.map(() => undefined) };
  });
}
