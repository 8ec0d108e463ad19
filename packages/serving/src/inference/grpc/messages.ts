import type { AnswerForm } from "../answer-size.ts";
import { decodeBinary, encodeBinary } from "../binary-tensor.ts";
import type { GivenTensor } from "../inputs.ts";
import { parametersOf, regionOf, wholeNumber, type Parameters } from "../parameters.ts";
import type { ServedModel } from "../served-model.ts";
import type { RegionPlace, SharedMemory } from "../shared-memory.ts";
import { badRequest, type Tensor } from "../tensor.ts";
import type { WantedOutput } from "../infer.ts";
import { decodeContents, encodeContents, hasContents, numberOf, type Contents, type Long } from "./typed-contents.ts";

interface ParameterMessage {
  readonly bool_param?: boolean;
  readonly int64_param?: Long;
  readonly uint64_param?: Long;
  readonly double_param?: number;
  readonly string_param?: string;
  readonly parameter_choice?: string;
}

type ParametersMessage = Readonly<Record<string, ParameterMessage>>;

/** A decoded `ModelInferRequest`. */
export interface InferRequestMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: ParametersMessage;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly Long[];
    readonly parameters: ParametersMessage;
    readonly contents?: Contents | null;
  }[];
  readonly outputs: readonly { readonly name: string; readonly parameters: ParametersMessage }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

export interface GrpcInfer {
  readonly parameters: Parameters;
  readonly inputs: readonly GivenTensor[];
  readonly outputs: readonly (WantedOutput & { readonly region: RegionPlace | undefined })[];
  /** Whether the answer's tensors are raw: as the request's are. */
  readonly isRaw: boolean;
}

/** Parameters of a message as those of JSON. */
function plainParameters(message: ParametersMessage): Parameters {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => {
      const choice = value.parameter_choice as keyof ParameterMessage | undefined;
      const given = choice === undefined ? undefined : value[choice];
      return [name, typeof given === "object" ? numberOf(given) : given];
    }),
  );
}

/** Reads a request; raw contents stand for the inputs in their order, but those in shared memory. Throws `inference/bad-request`. */
export function readInferMessage(message: InferRequestMessage, memory: SharedMemory): GrpcInfer {
  const raw = message.raw_input_contents;
  let next = 0;
  const inputs = message.inputs.map((input): GivenTensor => {
    const { name, datatype } = input;
    const told = { name, datatype, shape: input.shape.map(numberOf) };
    const region = regionOf(plainParameters(input.parameters));
    const contents = input.contents ?? undefined;
    if (contents !== undefined && (raw.length > 0 || region !== undefined))
      throw badRequest(`${name} has contents beside raw bytes or shared memory`);
    if (region !== undefined) return { ...told, decode: (wanted) => decodeBinary(memory.read(region), wanted) };
    if (raw.length === 0) return { ...told, decode: (wanted) => decodeContents(contents ?? {}, wanted) };
    const bytes = raw[next];
    next += 1;
    if (bytes === undefined) throw badRequest(`there are fewer raw contents than inputs: ${name} has none`);
    return { ...told, decode: (wanted) => decodeBinary(bytes, wanted) };
  });
  if (next < raw.length) throw badRequest(`there are ${raw.length} raw contents for ${next} inputs`);
  const outputs = message.outputs.map(({ name, parameters }) => {
    const plain = parametersOf(plainParameters(parameters));
    return { name, classes: wholeNumber(plain, "classification"), region: regionOf(plain) };
  });
  return { parameters: plainParameters(message.parameters), inputs, outputs, isRaw: raw.length > 0 };
}

/** How the outputs of an answer leave, by their places: all of them raw, or none, but for those in shared memory. */
export function formsOf(
  { outputs: asked, isRaw }: Pick<GrpcInfer, "outputs" | "isRaw">,
  outputs: readonly Tensor[],
): (at: number) => AnswerForm {
  const form = isRaw || outputs.some(({ datatype }) => !hasContents(datatype)) ? "bytes" : "lists";
  return (at) => (asked[at]?.region === undefined ? form : "memory");
}

/** Writes an answer. */
export function writeInferMessage(
  read: GrpcInfer,
  told: {
    readonly served: ServedModel;
    readonly id: string;
    readonly outputs: readonly Tensor[];
    readonly memory: SharedMemory;
  },
): object {
  const { served, id, outputs, memory } = told;
  const formOf = formsOf(read, outputs);
  const rawContents: Uint8Array[] = [];
  const tensors = outputs.map((tensor, at) => {
    const { name, datatype, shape } = tensor;
    const head = { name, datatype, shape };
    const region = read.outputs[at]?.region;
    if (region !== undefined) {
      const bytes = encodeBinary(tensor);
      memory.write(region, bytes);
      return { ...head, parameters: regionParameters(region, bytes.length) };
    }
    if (formOf(at) === "lists") return { ...head, contents: encodeContents(tensor) };
    rawContents.push(encodeBinary(tensor));
    return head;
  });
  return {
    model_name: served.name,
    model_version: served.version,
    id,
    outputs: tensors,
    raw_output_contents: rawContents,
  };
}

function regionParameters({ region, offset }: RegionPlace, byteSize: number): ParametersMessage {
  return {
    shared_memory_region: { string_param: region },
    shared_memory_byte_size: { int64_param: byteSize },
    shared_memory_offset: { int64_param: offset },
  };
}
