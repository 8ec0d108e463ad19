import { readFile } from "node:fs/promises";
import type { OpenModel } from "../inference/index.ts";
import { readTrees } from "../trees/read-trees.ts";
import { servedTrees } from "../trees/served-trees.ts";

/** Opens a model of LightGBM or XGBoost, or one of our own, and scores it natively. */
export const openTreeModel: OpenModel = async (file, config) => servedTrees(readTrees(await readFile(file)), config);
