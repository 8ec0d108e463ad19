import { decodeJson, encodeJson } from "../json-tensor.ts";
import type { GivenTensor } from "../inputs.ts";
import { badRequest, quoted, type Tensor, type TensorSpec } from "../tensor.ts";

type Body = Readonly<Record<string, unknown>>;

/** The inputs of KServe's first protocol: `instances`, row by row, or `inputs`, by name. Throws `inference/bad-request`. */
export function inputsOfV1(body: Body, specs: readonly TensorSpec[]): readonly GivenTensor[] {
  const { instances, inputs } = body;
  if (Array.isArray(instances))
    return specs.map((spec) => tensorOf(spec, columnOf(instances as readonly unknown[], spec, specs)));
  if (typeof inputs === "object" && inputs !== null)
    return specs.map((spec) =>
      tensorOf(spec, Array.isArray(inputs) && specs.length === 1 ? inputs : (inputs as Body)[spec.name]),
    );
  throw badRequest("the body has neither `instances` nor `inputs`");
}

/** Of a model with one input each row is its value, or an object that has it by name as for several. */
function columnOf(
  instances: readonly unknown[],
  { name }: TensorSpec,
  specs: readonly TensorSpec[],
): readonly unknown[] {
  return instances.map((row) => {
    const isObject = typeof row === "object" && row !== null && !Array.isArray(row);
    if (!isObject && specs.length === 1) return row;
    const value = isObject ? (row as Body)[name] : undefined;
    if (value === undefined) throw badRequest(`a row of \`instances\` has no ${quoted(name)}`);
    return value;
  });
}

function tensorOf({ name, datatype }: TensorSpec, value: unknown): GivenTensor {
  return { name, datatype, shape: shapeOf(value, name), decode: (wanted) => decodeJson(value, wanted) };
}

const RANK_MAX = 32;

/** The shape of nested lists, by the first of each; that the others are alike is seen by their number. */
function shapeOf(value: unknown, name: string): readonly number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = (inner as readonly unknown[])[0]) {
    if (shape.length === RANK_MAX) throw badRequest(`${name} is nested more than ${RANK_MAX} deep`);
    shape.push(inner.length);
  }
  requireEven(value, shape, name);
  return shape;
}

function requireEven(value: unknown, [length, ...rest]: readonly number[], name: string): void {
  const isEven = length === undefined ? !Array.isArray(value) : Array.isArray(value) && value.length === length;
  if (!isEven) throw badRequest(`the rows of ${name} are of different shapes`);
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) requireEven(item, rest, name);
}

/** The answer: one output's rows as they are, several as an object for each row. */
export function predictionsOf(outputs: readonly Tensor[]): string {
  const [only, ...others] = outputs;
  const columns = outputs.map((tensor) => ({ name: tensor.name, rows: rowsOf(tensor) }));
  const rows =
    only !== undefined && others.length === 0
      ? (columns[0]?.rows ?? [])
      : (columns[0]?.rows ?? []).map((_, at) =>
          Object.fromEntries(columns.map(({ name, rows: all }) => [name, all[at]])),
        );
  return JSON.stringify({ predictions: rows });
}

function rowsOf(tensor: Tensor): readonly unknown[] {
  let values = JSON.parse(encodeJson(tensor)) as readonly unknown[];
  for (const size of tensor.shape.slice(1).toReversed()) {
    const groups = size === 0 ? 0 : values.length / size;
    values = Array.from({ length: groups }, (_, at) => values.slice(at * size, (at + 1) * size));
  }
  return values;
}
