import { systemClock, type Logger } from "@millwright/kernel";
import type { createModelThreads } from "@millwright/serving/adapters/model-threads";
import { onnxOpener } from "@millwright/serving/adapters/onnx-model";
import type { PythonPlace } from "@millwright/serving/adapters/python-model";
import { openByFormat, type OpenModel } from "@millwright/serving/inference";

interface OpenModelsOptions {
  /** Where Python models run. */
  readonly place: () => Promise<PythonPlace>;
  /** Where others are read and can run; without them, here. */
  readonly threads?: ReturnType<typeof createModelThreads>;
  readonly logger: Logger;
}

/**
 * Opens models of every format. What reads a format takes as long to load as all else together: it is loaded for the first
 * model of it.
 */
export function openModels({ place, threads, logger }: OpenModelsOptions): OpenModel {
  const onnx = onnxOpener(threads);
  const python: OpenModel = async (...given) => {
    const { openPythonModel } = await import("@millwright/serving/adapters/python-model");
    return openPythonModel({ place, clock: systemClock, logger })(...given);
  };
  return openByFormat({
    onnx,
    trees: async (...given) => (await import("@millwright/serving/adapters/tree-model")).treeOpener(threads)(...given),
    mlflow: async (...given) => {
      const { openMlflowModel } = await import("@millwright/serving/adapters/mlflow-model");
      return openMlflowModel({ onnx, python, threads })(...given);
    },
    python,
  });
}
