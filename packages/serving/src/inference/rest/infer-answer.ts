import type { AnswerForm } from "../answer-size.ts";
import { encodeBinary } from "../binary-tensor.ts";
import { encodeJson } from "../json-tensor.ts";
import type { ServedModel } from "../served-model.ts";
import type { SharedMemory } from "../shared-memory.ts";
import type { Tensor } from "../tensor.ts";
import type { InferRequest } from "./infer-request.ts";

/** An answer's body; `jsonLength` tells where its JSON ends, when binary tensors follow. */
export interface InferAnswer {
  readonly body: string | Buffer;
  readonly jsonLength: number | undefined;
}

/** How an output, by its place, is asked for. */
export function formOf({ outputs, isBinary }: Pick<InferRequest, "outputs" | "isBinary">, at: number): AnswerForm {
  const wanted = outputs?.[at];
  if (wanted?.region !== undefined) return "memory";
  return (wanted?.isBinary ?? isBinary) ? "bytes" : "json";
}

/** Writes an answer, each output in the form that it was asked for. */
export function writeInferAnswer(
  { id, outputs: asked, isBinary }: Pick<InferRequest, "id" | "outputs" | "isBinary">,
  {
    served,
    outputs,
    memory,
  }: { readonly served: ServedModel; readonly outputs: readonly Tensor[]; readonly memory: SharedMemory },
): InferAnswer {
  const binary: Buffer[] = [];
  const texts = outputs.map((tensor, at) => {
    const wanted = asked?.[at] ?? { isBinary, region: undefined };
    const head = `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(",")}]`;
    if (wanted.region !== undefined) {
      const bytes = encodeBinary(tensor);
      memory.write(wanted.region, bytes);
      const { region, offset } = wanted.region;
      const told = {
        shared_memory_region: region,
        shared_memory_byte_size: bytes.length,
        shared_memory_offset: offset,
      };
      return `${head},"parameters":${JSON.stringify(told)}}`;
    }
    if (!wanted.isBinary) return `${head},"data":${encodeJson(tensor)}}`;
    const bytes = encodeBinary(tensor);
    binary.push(bytes);
    return `${head},"parameters":{"binary_data_size":${bytes.length}}}`;
  });
  const { name, version } = served;
  const told = JSON.stringify({ ...(id === undefined ? {} : { id }), model_name: name, model_version: version });
  const json = `${told.slice(0, -1)},"outputs":[${texts.join(",")}]}`;
  if (binary.length === 0) return { body: json, jsonLength: undefined };
  const head = Buffer.from(json);
  return { body: Buffer.concat([head, ...binary]), jsonLength: head.length };
}
