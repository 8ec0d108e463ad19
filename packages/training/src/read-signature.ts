import { join } from "node:path";
import { readSummed } from "@millwright/platform";
import type { ModelSignature } from "./train.ts";

/** What a version takes, from its files. Throws `platform/damaged-file` when they are not as they were written. */
export async function readSignature(artifactPath: string): Promise<ModelSignature> {
  const bytes = await readSummed(join(artifactPath, "signature.json"));
  return JSON.parse(Buffer.from(bytes).toString()) as ModelSignature;
}
