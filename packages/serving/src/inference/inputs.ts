import { arrayOf, isDatatype, type Datatype, type TensorData } from "./datatype.ts";
import { badRequest, elementsOf, quoted, type Tensor, type TensorSpec } from "./tensor.ts";

/** An input as a caller gave it; its data is read once it is known what it is to be. */
export interface GivenTensor {
  readonly name: unknown;
  readonly datatype: unknown;
  readonly shape: unknown;
  decode(wanted: { readonly name: string; readonly datatype: Datatype; readonly elements: number }): TensorData;
}

/** A tensor that is there already, as an input. */
export function given({ name, datatype, shape, data }: Tensor): GivenTensor {
  return { name, datatype, shape, decode: () => data };
}

/** The inputs of a request in the model's order: each there once, of its datatype and shape. Throws `inference/bad-request`. */
export function readInputs(given: readonly GivenTensor[], specs: readonly TensorSpec[]): readonly Tensor[] {
  const [tensor] = given;
  const [spec] = specs;
  // Most models have one input.
  if (given.length === 1 && specs.length === 1 && tensor !== undefined && spec !== undefined)
    if (tensor.name === spec.name) return [readInput(tensor, spec, new Map())];
  return readNamed(given, specs);
}

function readNamed(given: readonly GivenTensor[], specs: readonly TensorSpec[]): readonly Tensor[] {
  const found = new Map<string, GivenTensor>();
  for (const tensor of given) {
    const { name } = tensor;
    if (typeof name !== "string") throw badRequest("an input has no name");
    if (found.has(name)) throw badRequest(`the input ${quoted(name)} is given twice`);
    found.set(name, tensor);
  }
  const sizes = new Map<string, number>();
  const [only, ...others] = specs;
  const isOfAnyName = only?.isOfAnyName === true && others.length === 0 && given.length === 1;
  const tensors = specs.flatMap((spec) => {
    const tensor = isOfAnyName ? given[0] : found.get(spec.name);
    if (tensor === undefined && spec.isOptional === true) return [];
    if (tensor === undefined) throw badRequest(`the input ${quoted(spec.name)} is missing`);
    found.delete(tensor.name as string);
    return [readInput(tensor, spec, sizes)];
  });
  if (tensors.length === 0 && specs.length > 0) throw badRequest("there is no input");
  const [unknown] = found.keys();
  if (unknown !== undefined) throw badRequest(`the model has no input ${quoted(unknown)}`);
  return tensors;
}

function readInput(given: GivenTensor, spec: TensorSpec, sizes: Map<string, number>): Tensor {
  const { name, alsoOf = [] } = spec;
  const { datatype } = given;
  if (!isDatatype(datatype)) throw badRequest(`${name} has the unknown datatype ${quoted(datatype)}`);
  if (datatype !== spec.datatype && !alsoOf.includes(datatype))
    throw badRequest(`${name} is given as ${datatype} and is of ${spec.datatype}`);
  if (!Array.isArray(given.shape)) throw badRequest(`${name} has no shape`);
  const shape = given.shape as readonly number[];
  const elements = elementsOf(name, shape);
  requireShape(shape, spec, sizes);
  const data = given.decode({ name, datatype, elements });
  const isDeclared = datatype === spec.datatype;
  return { name, datatype: spec.datatype, shape, data: isDeclared ? data : converted(data, spec.datatype) };
}

/** Numbers in another datatype's array, each to the nearest that it has. */
export function converted(data: TensorData, datatype: Datatype): TensorData {
  const numbers = new (arrayOf(datatype as "FP64"))(data.length) as Float64Array;
  for (let at = 0; at < numbers.length; at += 1) numbers[at] = Number(data[at]);
  return numbers;
}

/** `sizes` holds what the dimensions' names stand for in this request. */
function requireShape(shape: readonly number[], spec: TensorSpec, sizes: Map<string, number>): void {
  const fits =
    shape.length === spec.shape.length && shape.every((size, at) => [size, -1].includes(spec.shape[at] ?? -2));
  if (!fits) throw badRequest(`${spec.name} is given as [${shape.join(", ")}] and is of [${spec.shape.join(", ")}]`);
  for (const [at, dimension] of spec.dimensionNames.entries()) {
    if (dimension === undefined) continue;
    const size = shape[at] ?? 0;
    const known = sizes.get(dimension) ?? size;
    if (known !== size)
      throw badRequest(`the dimension ${dimension} is ${known} in one input and ${size} in ${spec.name}`);
    sizes.set(dimension, size);
  }
}
