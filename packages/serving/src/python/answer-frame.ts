import { inferenceErrors } from "../inference/errors.ts";
import type { Tensor, TensorSpec } from "../inference/tensor.ts";
import { tensorsOf, type Frame } from "./frames.ts";

/**
 * The tensors of an answer, each as its model declares it, and of a batch as many rows as were asked. Throws
 * `inference/model-raised`, `inference/bad-answer`, and `inference/refused` where the model says that its inputs' values are at fault.
 */
export function answerOf(frame: Frame, specs: readonly (TensorSpec | undefined)[], rows?: number): readonly Tensor[] {
  const { kind, because, traceback, isOfValue } = frame.header;
  if (kind === "wrong") throw badAnswer(String(because));
  if (kind === "raised") {
    const code = isOfValue === true ? "inference/refused" : "inference/model-raised";
    throw inferenceErrors.create(code, { because: String(because), cause: new Error(textOf(traceback)) });
  }
  const tensors = new Map(tensorsOf(frame).map((tensor) => [tensor.name, tensor]));
  return specs.map((spec) => {
    const tensor = spec === undefined ? undefined : tensors.get(spec.name);
    if (spec === undefined || tensor === undefined) throw badAnswer(`it answered nothing as ${spec?.name ?? "that"}`);
    requireShape(tensor, spec, rows);
    return tensor;
  });
}

function requireShape({ name, shape }: Tensor, spec: TensorSpec, rows: number | undefined): void {
  const fits = shape.length === spec.shape.length && spec.shape.every((size, at) => size === -1 || size === shape[at]);
  if (!fits) throw badAnswer(`${name} has the shape [${shape.join(", ")}], and is of [${spec.shape.join(", ")}]`);
  if (rows !== undefined && shape[0] !== rows)
    throw badAnswer(`${name} has ${shape[0]} rows, of ${rows} that were asked`);
}

function textOf(traceback: unknown): string {
  return Array.isArray(traceback) ? traceback.join("\n") : "";
}

function badAnswer(because: string): Error {
  return inferenceErrors.create("inference/bad-answer", { because });
}
