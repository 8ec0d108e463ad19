import { isFloat } from "../inference/datatype.ts";
import { converted } from "../inference/inputs.ts";
import { NUMBERS, type Tensor, type TensorSpec } from "../inference/tensor.ts";

/**
 * What one step gives as the inputs of the next: each by its name, or by what stands after the last dot of it; else all of
 * them by their places, where there are as many. Numbers become floats where floats are wanted.
 */
export function fittedInputs(tensors: readonly Tensor[], specs: readonly TensorSpec[]): readonly Tensor[] {
  const named = specs.map((spec) => namedTensor(tensors, spec.name));
  const isNamed = named.every((tensor, at) => tensor !== undefined || specs[at]?.isOptional === true);
  if (isNamed || tensors.length !== specs.length)
    return named.flatMap((tensor, at) => (tensor === undefined ? [] : [fitted(tensor, specs[at])]));
  return tensors.map((tensor, at) => fitted(tensor, specs[at]));
}

function namedTensor(tensors: readonly Tensor[], wanted: string): Tensor | undefined {
  const exact = tensors.find(({ name }) => name === wanted);
  if (exact !== undefined) return exact;
  const [only, ...others] = tensors.filter(({ name }) => name.slice(name.lastIndexOf(".") + 1) === wanted);
  return others.length === 0 ? only : undefined;
}

function fitted(tensor: Tensor, spec: TensorSpec | undefined): Tensor {
  if (spec === undefined) return tensor;
  const { name, datatype, alsoOf = [] } = spec;
  const isTaken = tensor.datatype === datatype || alsoOf.includes(tensor.datatype);
  if (isTaken || !isFloat(datatype) || datatype === "BF16" || !NUMBERS.includes(tensor.datatype))
    return { ...tensor, name };
  return { ...tensor, name, datatype, data: converted(tensor.data, datatype) };
}
