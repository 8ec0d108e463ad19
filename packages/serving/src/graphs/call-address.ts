import { inferenceErrors } from "../inference/errors.ts";
import { readInputs } from "../inference/inputs.ts";
import { decodeJson } from "../inference/json-tensor.ts";
import { parseObject } from "../inference/rest/infer-request.ts";
import { nestedValues } from "../inference/rest/kserve-v1.ts";
import type { RequestHeaders } from "../inference/request-headers.ts";
import type { Tensor, TensorSpec } from "../inference/tensor.ts";
import { jsonMessage, tensorMessage, type Message } from "./message.ts";
import type { StepAnswer } from "./run-graph.ts";

const ANSWER_BYTES_MAX = 64 * 2 ** 20;

interface AddressCall {
  readonly url: string;
  readonly headers: RequestHeaders;
  readonly timeoutMs: number;
  readonly id?: string | undefined;
}

/**
 * Asks a model of another server, in the protocol that its address is of; elsewhere in the form of the request. Only the
 * address that is written is asked: where it sends its caller elsewhere, that is its answer. Throws `inference/step-failed`
 * where it gives none.
 */
export async function callAddress({ url, headers, timeoutMs, id }: AddressCall, request: Message): Promise<StepAnswer> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: bodyFor(url, request, id),
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
    });
    const text = await boundedText(response);
    return { status: response.status, message: answerMessage(text) };
  } catch (error) {
    throw inferenceErrors.create("inference/step-failed", { because: `${url}: ${reasonOf(error)}`, cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it gave no answer";
  if (error.name === "TimeoutError") return "it gave no answer in its time";
  const { cause } = error;
  return (cause instanceof Error ? cause.message : error.message).slice(0, 300);
}

/** A `:predict` of KServe's first protocol takes rows. */
function bodyFor(url: string, request: Message, id: string | undefined): string {
  const { tensors } = request;
  if (tensors === undefined) return request.text();
  return new URL(url).pathname.endsWith(":predict")
    ? JSON.stringify({ instances: rowsOf(tensors) })
    : tensorMessage("inputs", tensors, { id }).text();
}

/** Rows of the only tensor as they are; of several an object each. */
function rowsOf(tensors: readonly Tensor[]): readonly unknown[] {
  const columns = tensors.map((tensor) => ({ name: tensor.name, rows: nestedValues(tensor) }));
  const [only, ...others] = columns;
  if (only === undefined || others.length === 0) return only?.rows ?? [];
  return only.rows.map((_, at) => Object.fromEntries(columns.map(({ name, rows }) => [name, rows[at]])));
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`it answers more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** An answer that has tensors as the Open Inference Protocol has them is tensors; any other is its JSON. */
function answerMessage(text: string): Message {
  const isOfTensors = text.includes('"outputs"');
  try {
    return jsonMessage(text, isOfTensors ? tensorsIn(parseObject(Buffer.from(text), true)["outputs"]) : undefined);
  } catch {
    return jsonMessage(text);
  }
}

/** Tensors as JSON has them. Throws where they are none. */
function tensorsIn(outputs: unknown): readonly Tensor[] {
  return (outputs as readonly (TensorSpec & { readonly data: unknown })[]).map(({ name, datatype, shape, data }) => {
    const spec: TensorSpec = { name, datatype, shape: shape.map(() => -1), dimensionNames: shape.map(() => undefined) };
    const [tensor] = readInputs([{ name, datatype, shape, decode: (wanted) => decodeJson(data, wanted) }], [spec]);
    return tensor as Tensor;
  });
}

const METADATA_TIMEOUT_MS = 2_000;

/** What a model at an address of the Open Inference Protocol says of its tensors; undefined where it cannot be told. */
export async function describeAddress(
  url: string,
): Promise<{ readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] } | undefined> {
  if (!/\/v2\/models\/[^/]+(?:\/versions\/[^/]+)?\/infer$/.test(new URL(url).pathname)) return undefined;
  try {
    const response = await fetch(url.replace(/\/infer$/, ""), {
      redirect: "manual",
      signal: AbortSignal.timeout(METADATA_TIMEOUT_MS),
    });
    const { inputs, outputs } = JSON.parse(await boundedText(response)) as Record<string, readonly TensorSpec[]>;
    return { inputs: (inputs ?? []).map(specOf), outputs: (outputs ?? []).map(specOf) };
  } catch {
    return undefined;
  }
}

function specOf({ name, datatype, shape }: TensorSpec): TensorSpec {
  return { name, datatype, shape: shape.map(Number), dimensionNames: shape.map(() => undefined) };
}
