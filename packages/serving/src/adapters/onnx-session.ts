import type { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import type { Datatype, InferenceModel, ModelConfig, Tensor, TensorSpec } from "../inference/index.ts";
import { requireOwnFolder } from "./onnx-external-data.ts";
import { executionProviders } from "./onnx-providers.ts";

const DATATYPES: Readonly<Record<string, Datatype>> = {
  bool: "BOOL",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  float16: "FP16",
  float32: "FP32",
  float64: "FP64",
  string: "BYTES",
};

const OPTIONS: InferenceSession.SessionOptions = {
  // More threads are slower on small models, and block the answering loop longer.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  logSeverityLevel: 3,
  // A session would keep what its largest request took, and give it to no other.
  enableCpuMemArena: false,
  enableMemPattern: false,
};

/**
 * Opens an ONNX file in ONNX Runtime, in this thread, with the execution provider that its configuration asks for. Throws an
 * `Error` where that is not there, unless the configuration falls back to the processor, and where its weights lie elsewhere than
 * beside it.
 */
export async function openOnnxSession(file: string, config: ModelConfig): Promise<InferenceModel> {
  await requireOwnFolder(file);
  const runtime = await import("onnxruntime-node");
  const { wanted, fallsBack } = executionProviders(config);
  const create = (provider: string) =>
    runtime.InferenceSession.create(file, { ...OPTIONS, executionProviders: [provider] });
  const session = await create(wanted).catch((error: unknown) => {
    if (wanted === "cpu") throw error;
    if (fallsBack) return create("cpu");
    const because = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Error(
      `its execution provider ${wanted} is not to be had here (${because}); the parameter fallback "cpu" would have the processor do it`,
    );
  });
  return modelOf(session, (type, data, dims) => {
    const tensor = new runtime.Tensor(type as "float32", data as Float32Array, dims);
    return data instanceof Float16Array ? withBits(tensor, data) : tensor;
  });
}

/** The runtime's native part reads halves from their bits alone. */
function withBits(tensor: OnnxTensor, { buffer, byteOffset, length }: Float16Array): OnnxTensor {
  return Object.defineProperty(tensor, "data", { value: new Uint16Array(buffer, byteOffset, length) });
}

type MakeTensor = (type: string, data: unknown, dims: readonly number[]) => OnnxTensor;

function modelOf(session: InferenceSession, makeTensor: MakeTensor): InferenceModel {
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const types = new Map(session.inputMetadata.map((known) => [known.name, known.isTensor ? known.type : ""]));
  return {
    platform: "onnxruntime_onnx",
    backend: "onnxruntime",
    inputs,
    outputs,
    infer: async (given, wanted) => {
      const feeds = Object.fromEntries(
        given.map(({ name, datatype, shape, data }) => {
          const values = datatype === "BYTES" ? (data as readonly Uint8Array[]).map(decodedText) : data;
          return [name, makeTensor(types.get(name) ?? "", values, shape)];
        }),
      );
      const found = await session.run(feeds, wanted);
      return wanted.map((name) => tensorOf(name, found[name]));
    },
    close: () => session.release(),
  };
}

function specOf(known: InferenceSession.ValueMetadata): TensorSpec {
  if (!known.isTensor) throw new Error(`${known.name} is no tensor`);
  const datatype = DATATYPES[known.type];
  if (datatype === undefined) throw new Error(`${known.name} is of the type ${known.type}, which is not served`);
  return {
    name: known.name,
    datatype,
    shape: known.shape.map((size) => (typeof size === "number" && size >= 0 ? size : -1)),
    dimensionNames: known.shape.map((size) => (typeof size === "string" && size !== "" ? size : undefined)),
  };
}

function tensorOf(name: string, found: OnnxTensor | undefined): Tensor {
  const datatype = DATATYPES[found?.type ?? ""];
  if (found === undefined || datatype === undefined) throw new Error(`the model gave no tensor as ${name}`);
  const data = datatype === "BYTES" ? (found.data as readonly string[]).map((text) => Buffer.from(text)) : found.data;
  return { name, datatype, shape: found.dims, data: data as Tensor["data"] };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The runtime's strings are text: bytes that are none would be others when they come back. */
function decodedText(element: Uint8Array): string {
  return UTF8.decode(element);
}
