import { join } from "node:path";
import type { OnlineStore } from "@millwright/feature-store";
import { silentLogger } from "@millwright/kernel";
import { startServing, type Serving } from "../../src/index.ts";
import type { OpenModel } from "../../src/inference/index.ts";
import { treeOpener } from "../../src/adapters/tree-model.ts";

/**
 * A serving process without services, which answers what documents beside `serving/deployment.json` of a folder ask for: by
 * the trees that they are, unless something else opens them.
 */
export async function serveDocuments(
  root: string,
  {
    openModel = treeOpener(),
    grpcAtOnce = false,
  }: { readonly openModel?: OpenModel; readonly grpcAtOnce?: boolean } = {},
): Promise<Serving> {
  const started = await startServing({
    host: "127.0.0.1",
    port: 0,
    grpcPort: 0,
    grpcAtOnce,
    version: "1",
    deploymentFile: deploymentFileIn(root),
    logFolder: join(root, "log"),
    storage: { cacheFolder: join(root, "cache"), bytesMax: 2 ** 24 },
    openModel,
    millwrightUrl: "file:///not-asked.ts",
    openOnlineStore: () => ({ close: () => {} }) as unknown as OnlineStore,
    logger: silentLogger,
  });
  // It is closed before that is had.
  started.grpcPort.catch(() => undefined);
  return started;
}

export function deploymentFileIn(root: string): string {
  return join(root, "serving", "deployment.json");
}
