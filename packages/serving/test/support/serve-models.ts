import type { AddressInfo } from "node:net";
import { inject } from "vitest";
import { silentLogger, systemClock } from "@millwright/kernel";
import { openMlflowModel } from "../../src/adapters/mlflow-model.ts";
import { openOnnxModel } from "../../src/adapters/onnx-model.ts";
import { openPythonModel } from "../../src/adapters/python-model.ts";
import { openTreeModel } from "../../src/adapters/tree-model.ts";
import { openAppliedServices } from "../../src/kserve/applied-services.ts";
import { createInferenceServer, openByFormat, openFolderModels, startRest } from "../../src/inference/index.ts";

/** Serves a folder of models of any format over REST, and those that KServe's documents of another one ask for. */
export async function serveModels(root: string, { documents }: { readonly documents?: string } = {}) {
  const interpreter = async () => inject("means").python ?? "python3";
  const place = async () => ({ interpreter, workers: 1 });
  const python = openPythonModel({ place, clock: systemClock, logger: silentLogger });
  const openers = {
    onnx: openOnnxModel,
    trees: openTreeModel,
    mlflow: openMlflowModel({ onnx: openOnnxModel, python }),
    python,
  };
  const storage = { cacheFolder: root, bytesMax: 0 };
  const applied =
    documents === undefined
      ? undefined
      : await openAppliedServices({ folder: documents, storage, logger: silentLogger });
  const models = await openFolderModels({
    root,
    elsewhere: applied?.places,
    openModel: openByFormat(openers),
    clock: systemClock,
    logger: silentLogger,
  });
  const options = { version: "1", models, clock: systemClock, logger: silentLogger, cacheBytesMax: 0 };
  const rest = await startRest(createInferenceServer(options), {
    host: "127.0.0.1",
    port: 0,
    bodyBytesMax: 2 ** 20,
    logger: silentLogger,
    mayAsk: () => true,
  });
  return {
    url: `http://127.0.0.1:${(rest.address() as AddressInfo).port}`,
    models,
    close: async () => {
      rest.close();
      await models.close();
    },
  };
}
