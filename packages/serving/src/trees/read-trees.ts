import { readLightGbmText } from "./lightgbm-text.ts";
import { readOwnTrees } from "./own-trees.ts";
import type { TreeFile } from "./tree-file.ts";
import { parseUbjson } from "./ubjson.ts";
import { readXgBoostModel } from "./xgboost-model.ts";

/** Reads a model of trees by what its bytes begin with. Throws an `Error` that says what they are not. */
export function readTrees(bytes: Uint8Array): TreeFile {
  const begin = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (/^tree\r?\n/.test(begin)) return readLightGbmText(UTF8.decode(bytes));
  if (/^\{\s*["}]/.test(begin)) return readXgBoostModel(JSON.parse(UTF8.decode(bytes)));
  if (begin.startsWith("MWTREE")) return readOwnTrees(bytes);
  if (begin.startsWith("{")) return readXgBoostModel(parseUbjson(bytes));
  throw new Error(
    "it is neither LightGBM's text nor XGBoost's JSON or UBJSON; XGBoost's old binary form is saved anew by " +
      '`booster.save_model("model.ubj")`',
  );
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
