import { readFile, stat } from "node:fs/promises";
import type { OpenModel } from "../inference/index.ts";
import type { ModelThreads } from "../threads/model-threads.ts";
import { readTrees } from "../trees/read-trees.ts";
import { servedTrees } from "../trees/served-trees.ts";
import type { TreeFile } from "../trees/tree-file.ts";

/** Reading less holds the answering loop up for no longer than asking a thread does. */
const FILE_BYTES_MIN = 65_536;

/** Opens models of LightGBM or XGBoost, or of our own, and scores them natively; they are read in a thread while others are answered. */
export function treeOpener(threads?: ModelThreads): OpenModel {
  return async (file, config, { isAnswering = false } = {}) =>
    servedTrees(await readTreeFile(file, isAnswering ? threads : undefined), config, { threads });
}

/** Without threads. */
export const openTreeModel: OpenModel = treeOpener();

export async function readTreeFile(file: string, threads: ModelThreads | undefined): Promise<TreeFile> {
  if (threads === undefined || (await stat(file)).size < FILE_BYTES_MIN) return readTrees(await readFile(file));
  return threads.ask("readTrees", { file });
}
