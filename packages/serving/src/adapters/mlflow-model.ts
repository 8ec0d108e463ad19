import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelConfig, OpenModel } from "../inference/index.ts";
import { columnInputs } from "../mlflow/column-inputs.ts";
import { readMlModel, type MlModel } from "../mlflow/ml-model.ts";
import { runsInPython } from "../mlflow/python-function.ts";
import { readTrees } from "../trees/read-trees.ts";
import { servedTrees } from "../trees/served-trees.ts";

/**
 * Opens an MLflow model folder by its `MLmodel`: ONNX by the opener given, LightGBM and XGBoost natively, with the tensors of
 * the signature, and other flavours in Python. It answers as `mlflow.pyfunc` does: a classifier of scikit-learn's kind with the class.
 */
export function openMlflowModel(openOnnx: OpenModel, openPython: OpenModel): OpenModel {
  return async (file, config) => {
    const text = await readFile(file, "utf8");
    if (runsInPython(text)) return openPython(file, config);
    const model = readMlModel(text);
    const data = join(dirname(file), model.data);
    if (model.flavour === "onnx") return { bytes: (await stat(data)).size, ...(await openOnnx(data, config)) };
    const served = servedTrees(readTrees(await readFile(data)), asSigned(model, config), {
      predictsClass: model.isClassifier,
    });
    return model.columns === undefined || config.input !== undefined ? served : columnInputs(served, model.columns);
  };
}

/** With the signature's names, where the configuration has none. */
function asSigned({ tensor, answer }: MlModel, config: ModelConfig): ModelConfig {
  const input = config.input ?? (tensor === undefined || tensor.name === "" ? undefined : [{ name: tensor.name }]);
  const output = config.output ?? (answer === undefined ? undefined : [{ name: answer }]);
  return { ...config, ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) };
}
