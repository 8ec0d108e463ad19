import type { InferenceModel } from "../inference/ports.ts";
import type { Tensor } from "../inference/tensor.ts";
import { joinRows, splitRows } from "../inference/scheduling/batch.ts";
import { partsOf } from "./row-threads.ts";

/**
 * One model of several instances that run beside one another: each request goes to the one that has least to do, and one of
 * many rows is shared out among all of them, where the model's rows have nothing to do with one another. Its answers are joined
 * in the rows' order; of parts that fail the first one's error is told.
 */
export function parallelModel(
  instances: readonly InferenceModel[],
  { rowsMin }: { readonly rowsMin: number },
): InferenceModel {
  const [first] = instances;
  if (first === undefined) throw new Error("there is no instance");
  const waiting = instances.map(() => 0);
  const askOne = async (at: number, ...[inputs, outputs, asked]: Parameters<InferenceModel["infer"]>) => {
    waiting[at] = (waiting[at] ?? 0) + 1;
    try {
      return await (instances[at] ?? first).infer(inputs, outputs, asked);
    } finally {
      waiting[at] = (waiting[at] ?? 0) - 1;
    }
  };
  return {
    ...first,
    bytes: instances.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    infer: async (inputs, outputs, asked) => {
      const parts = sharedOut(inputs, { rowsMin, parts: instances.length });
      const least = waiting.indexOf(Math.min(...waiting));
      if (parts === undefined) return askOne(least, inputs, outputs, asked);
      const settled = await Promise.allSettled(parts.map((part, at) => askOne(at, part, outputs, asked)));
      const failed = settled.find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      const answers = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      // What has not a row for each row given cannot be joined.
      return areRows(answers, parts) ? joinRows(answers) : askOne(least, inputs, outputs, asked);
    },
    close: async () => {
      await Promise.all(instances.map((instance) => instance.close()));
    },
  };
}

function sharedOut(
  inputs: readonly Tensor[],
  { rowsMin, parts }: { readonly rowsMin: number; readonly parts: number },
): readonly (readonly Tensor[])[] | undefined {
  const rows = inputs[0]?.shape[0] ?? 0;
  if (parts < 2 || rows < rowsMin) return undefined;
  return splitRows(
    inputs,
    partsOf(rows, parts).map(({ from, to }) => to - from),
  );
}

function areRows(answers: readonly (readonly Tensor[])[], parts: readonly (readonly Tensor[])[]): boolean {
  return answers.every((outputs, at) => outputs.every(({ shape: [rows] }) => rows === parts[at]?.[0]?.shape[0]));
}
