import { encodeJson } from "../inference/json-tensor.ts";
import { allDigits } from "../inference/rest/kserve-v1.ts";
import type { Tensor } from "../inference/tensor.ts";

/**
 * What a step is asked and answers: tensors, or JSON as KServe's router hands it on. Each is made of the other where it is
 * asked for.
 */
export interface Message {
  /** Undefined where it is JSON of another form. */
  readonly tensors: readonly Tensor[] | undefined;
  /** As JSON text. */
  text(): string;
  /** The same, read. */
  value(): unknown;
}

/** What else a request or an answer of tensors tells. */
interface Told {
  readonly id?: string | undefined;
  readonly parameters?: object | undefined;
  readonly model_name?: string;
  readonly model_version?: string;
}

/** Tensors; as JSON they are a request (`inputs`) or an answer (`outputs`) of the Open Inference Protocol. */
export function tensorMessage(role: "inputs" | "outputs", tensors: readonly Tensor[], told: Told = {}): Message {
  let text: string | undefined;
  let value: unknown;
  const make = () => {
    const head = JSON.stringify(told, allDigits).slice(0, -1);
    const all = tensors.map(
      (tensor) =>
        `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape.join(",")}],"data":${encodeJson(tensor)}}`,
    );
    return `${head}${head === "{" ? "" : ","}"${role}":[${all.join(",")}]}`;
  };
  const read = () => (text ??= make());
  return { tensors, text: read, value: () => (value ??= JSON.parse(read())) };
}

/** JSON that is kept as it was written: numbers keep their digits. Not JSON, it has no value. */
export function jsonMessage(written: string, tensors?: readonly Tensor[]): Message {
  let read: { readonly value: unknown } | undefined;
  return {
    tensors,
    text: () => written,
    value: () => (read ??= { value: parsed(written) }).value,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The answers of several steps as one, by their keys. */
export function mergedMessage(answers: readonly { readonly key: string; readonly message: Message }[]): Message {
  const tensors = answers.flatMap(({ key, message }) =>
    (message.tensors ?? []).map((tensor) => ({ ...tensor, name: `${key}.${tensor.name}` })),
  );
  let text: string | undefined;
  let value: unknown;
  return {
    tensors: tensors.length > 0 ? tensors : undefined,
    text: () =>
      (text ??= `{${answers.map(({ key, message }) => `${JSON.stringify(key)}:${message.text()}`).join(",")}}`),
    value: () => (value ??= Object.fromEntries(answers.map(({ key, message }) => [key, message.value()]))),
  };
}
