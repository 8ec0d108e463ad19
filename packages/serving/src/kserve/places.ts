import { dirname, join } from "node:path";

/** Where the documents lie that were applied to a project, and the graphs that it defines: beside its deployment. */
export function documentsFolder({ deploymentFile }: { readonly deploymentFile: string }): string {
  return join(dirname(deploymentFile), "services");
}

/** The page of the serving process at which it reads the documents again. */
export const RELOAD_PAGE = "/documents/reload";

/** The page of the serving process at which it tells how what the documents ask for is served. */
export const STATUS_PAGE = "/documents";
