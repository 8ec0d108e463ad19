import type { GraphDefinition, GraphStep } from "../../src/graphs/graph-definition.ts";
import type { InferenceModel, TensorSpec } from "../../src/inference/index.ts";

/** What models of numbers take and answer. */
export const X: TensorSpec = { name: "x", datatype: "FP64", shape: [-1], dimensionNames: ["rows"] };
export const Y: TensorSpec = { ...X, name: "y" };

/** A model from numbers to numbers. */
export function numbers(
  infer: (values: readonly number[]) => readonly number[] | Promise<readonly number[]>,
): InferenceModel {
  return {
    platform: "test",
    backend: "test",
    inputs: [X],
    outputs: [Y],
    infer: async ([input]) => {
      const data = Float64Array.from(await infer(Array.from(input?.data as Float64Array)));
      return [{ name: "y", datatype: "FP64", shape: [data.length], data }];
    },
    close: async () => {},
  };
}

/** A node of a graph. */
export const node = (routerType: GraphDefinition["nodes"][string]["routerType"], ...steps: GraphStep[]) => ({
  routerType,
  steps,
});
