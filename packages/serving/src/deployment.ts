import { readFile } from "node:fs/promises";
import type { Column } from "@millwright/kernel";
import { platformErrors, sha256Of } from "@millwright/platform";
import type { FeatureSelection } from "@millwright/feature-store/serving";
import type { ServiceLimits } from "./functions/function-options.ts";
import type { StickyBy } from "./traffic/traffic-options.ts";

/** What the serving process is to serve: written whole by control, with its checksum, read again when it changes. */
export interface Deployment {
  readonly generation: string;
  readonly onlineStorePath: string;
  readonly services: readonly DeployedService[];
  /** The services that are functions of the project. */
  readonly functions?: readonly DeployedFunction[];
  /** What holds of the models that documents ask for; without it all of them are loaded at the start. */
  readonly modelLimits?: ModelLimits;
}

/** Models are loaded when they are asked for, and within so many bytes. */
export interface ModelLimits {
  readonly bytesMax: number;
  /** Models that are loaded at the start and stay. There need not be one of each name yet. */
  readonly pinned: readonly string[];
}

/** A function of the project, as it is served: from a copy of its sources that stays as it is. */
export interface DeployedFunction {
  readonly name: string;
  /** Counts what was deployed under this name. */
  readonly version: number;
  readonly hash: string;
  readonly folder: string;
  readonly file: string;
  readonly request: readonly Column[];
  readonly response: readonly Column[];
  readonly timestamp?: string;
  readonly selections: readonly FeatureSelection[];
  readonly asks: readonly string[];
  readonly limits: Required<ServiceLimits>;
}

/** A version of a model, as it is served. */
export interface DeployedModel {
  readonly model: string;
  readonly version: number;
  readonly modelPath: string;
  /** The field of the request that says when it asks; the clock where there is none. */
  readonly timestamp?: string;
  readonly request: readonly Column[];
  readonly selections: readonly FeatureSelection[];
}

export interface DeployedService extends DeployedModel {
  readonly name: string;
  /** A request that can be sent as it is. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** Where other versions share its requests. */
  readonly traffic?: DeployedTraffic;
}

/** How a service's requests are shared. */
export interface DeployedTraffic {
  /** The variant that the service's own version is. */
  readonly primary: string;
  /** Percent by variant, the primary's too. */
  readonly weights: Readonly<Record<string, number>>;
  /** The variants beside the primary, by their names. */
  readonly variants: Readonly<Record<string, DeployedModel>>;
  readonly stickyBy?: StickyBy;
  readonly experiment?: string;
  /** The variant that is asked a copy of this much of what others have answered, in percent. */
  readonly shadow?: { readonly variant: string; readonly percent: number };
}

/** The services of a deployment file; none while there is no file. Throws `platform/damaged-file`. */
export async function deployedServices(deploymentFile: string): Promise<readonly DeployedService[]> {
  const text = await readFile(deploymentFile, "utf8").catch(() => undefined);
  return text === undefined ? [] : decodeDeployment(text).services;
}

/** The same of the functions. */
export async function deployedFunctions(deploymentFile: string): Promise<readonly DeployedFunction[]> {
  const text = await readFile(deploymentFile, "utf8").catch(() => undefined);
  return text === undefined ? [] : (decodeDeployment(text).functions ?? []);
}

export function encodeDeployment(deployment: Deployment): string {
  return JSON.stringify({ sha256: checksum(deployment), deployment });
}

/**
 * Reads a deployment's text. Throws `platform/damaged-file` when it is not what was written. One from before checksums
 * were kept is the deployment itself.
 */
export function decodeDeployment(text: string): Deployment {
  const told = parsed(text);
  if ("services" in told) return told;
  const { sha256, deployment } = told;
  if (deployment !== undefined && sha256 === checksum(deployment)) return deployment;
  throw damaged("its checksum does not hold");
}

function parsed(text: string): Deployment | { readonly sha256?: string; readonly deployment?: Deployment } {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>;
  } catch {
    throw damaged("it is not JSON");
  }
}

function checksum(deployment: Deployment): string {
  return sha256Of(Buffer.from(JSON.stringify(deployment)));
}

function damaged(because: string): Error {
  return platformErrors.create("platform/damaged-file", {
    because: `the deployment of the services: ${because}`,
    remedy: "Remove .mill/serving/deployment.json and run `mill run`: it is made anew from the registered models.",
  });
}
