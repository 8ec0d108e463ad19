import { readFile } from "node:fs/promises";
import type { Column } from "@millwright/kernel";
import type { FeatureSelection } from "@millwright/feature-store";

/** What the serving process is to serve: written whole by control, read again when it changes. */
export interface Deployment {
  readonly generation: string;
  readonly onlineStorePath: string;
  readonly services: readonly DeployedService[];
}

export interface DeployedService {
  readonly name: string;
  readonly model: string;
  readonly version: number;
  readonly modelPath: string;
  /** The field of the request that says when it asks; the clock where there is none. */
  readonly timestamp?: string;
  readonly request: readonly Column[];
  readonly selections: readonly FeatureSelection[];
  /** A request that can be sent as it is. */
  readonly example?: Readonly<Record<string, unknown>>;
}

/** The services of a deployment file; none while there is no file. */
export async function deployedServices(deploymentFile: string): Promise<readonly DeployedService[]> {
  const text = await readFile(deploymentFile, "utf8").catch(() => undefined);
  return text === undefined ? [] : (JSON.parse(text) as Deployment).services;
}
