import { isFloat } from "../inference/datatype.ts";
import type { InferenceModel } from "../inference/ports.ts";
import { NUMBERS, type Tensor, type TensorSpec } from "../inference/tensor.ts";
import type { NamedType } from "./ml-model.ts";

/** A model of one matrix, given column by column: an input of [rows] for each. Throws an `Error` where they are not as many. */
export function columnInputs(model: InferenceModel, columns: readonly NamedType[]): InferenceModel {
  const [matrix] = model.inputs;
  const width = matrix?.shape[1];
  if (matrix === undefined || width !== columns.length)
    throw new Error(`its signature has ${columns.length} columns, and the model ${width ?? 0} features`);
  const text = columns.find(({ datatype }) => datatype === "BYTES");
  if (text !== undefined)
    throw new Error(`the column ${JSON.stringify(text.name)} of its signature is text, of which trees have no codes`);
  const inputs = columns.map(({ name, datatype }): TensorSpec => {
    const spec: TensorSpec = { name, datatype, shape: [-1], dimensionNames: ["rows"] };
    return isFloat(datatype) ? { ...spec, alsoOf: NUMBERS } : spec;
  });
  return { ...model, inputs, infer: (given, wanted) => model.infer([joined(given, matrix.name)], wanted) };
}

function joined(columns: readonly Tensor[], name: string): Tensor {
  const width = columns.length;
  const rows = columns[0]?.shape[0] ?? 0;
  const data = new Float64Array(rows * width);
  for (const [column, { data: values }] of columns.entries())
    for (let row = 0; row < rows; row += 1) data[row * width + column] = Number(values[row]);
  return { name, datatype: "FP64", shape: [rows, width], data };
}
