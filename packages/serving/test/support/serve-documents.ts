import { join } from "node:path";
import { silentLogger } from "@millwright/kernel";
import { startServing, type Serving } from "../../src/index.ts";
import { treeOpener } from "../../src/adapters/tree-model.ts";

/** A serving process without services, which answers what documents beside `serving/deployment.json` of a folder ask for. */
export async function serveDocuments(root: string): Promise<Serving> {
  const started = await startServing({
    host: "127.0.0.1",
    port: 0,
    grpcPort: 0,
    version: "1",
    deploymentFile: deploymentFileIn(root),
    logFolder: join(root, "log"),
    openModel: treeOpener(),
    millwrightUrl: "file:///not-asked.ts",
    openOnlineStore: () => {
      throw new Error("there are no services here");
    },
    logger: silentLogger,
  });
  // It is closed before that is had.
  started.grpcPort.catch(() => undefined);
  return started;
}

export function deploymentFileIn(root: string): string {
  return join(root, "serving", "deployment.json");
}
