import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelConfig, OpenModel } from "../inference/index.ts";
import { columnInputs } from "../mlflow/column-inputs.ts";
import { readMlModel, type MlModel } from "../mlflow/ml-model.ts";
import { runsInPython } from "../mlflow/python-function.ts";
import type { ModelThreads } from "../threads/model-threads.ts";
import { servedTrees } from "../trees/served-trees.ts";
import { readTreeFile } from "./tree-model.ts";

interface MlflowOpeners {
  readonly onnx: OpenModel;
  readonly python: OpenModel;
  /** In which trees are read while others are answered. */
  readonly threads?: ModelThreads | undefined;
}

/**
 * Opens an MLflow model folder by its `MLmodel`: ONNX by the opener given, LightGBM and XGBoost natively, with the tensors of
 * the signature, and other flavours in Python. It answers as `mlflow.pyfunc` does: a classifier of scikit-learn's kind with the class.
 */
export function openMlflowModel({ onnx, python, threads }: MlflowOpeners): OpenModel {
  return async (file, config, when = {}) => {
    const text = await readFile(file, "utf8");
    if (runsInPython(text)) return python(file, config, when);
    const model = readMlModel(text);
    const data = join(dirname(file), model.data);
    if (model.flavour === "onnx") return { bytes: (await stat(data)).size, ...(await onnx(data, config, when)) };
    const trees = await readTreeFile(data, when.isAnswering === true ? threads : undefined);
    const served = servedTrees(trees, asSigned(model, config), { predictsClass: model.isClassifier, threads });
    return model.columns === undefined || config.input !== undefined ? served : columnInputs(served, model.columns);
  };
}

/** With the signature's names, where the configuration has none. */
function asSigned({ tensor, answer }: MlModel, config: ModelConfig): ModelConfig {
  const input = config.input ?? (tensor === undefined || tensor.name === "" ? undefined : [{ name: tensor.name }]);
  const output = config.output ?? (answer === undefined ? undefined : [{ name: answer }]);
  return { ...config, ...(input === undefined ? {} : { input }), ...(output === undefined ? {} : { output }) };
}
