import { readFile } from "node:fs/promises";
import type { IdSource } from "@millwright/kernel";
import { writeFileDurably } from "@millwright/platform";
import {
  decodeDeployment,
  encodeDeployment,
  type DeployedService,
  type DeployedTraffic,
  type Deployment,
} from "./deployment.ts";
import { deployedModel } from "./traffic/resolve-traffic.ts";

export interface DeploymentPlaces {
  readonly deploymentFile: string;
  readonly onlineStorePath: string;
  readonly ids: IdSource;
}

/** A registered version, and where its files lie. */
interface DeployableVersion {
  readonly model: string;
  readonly version: number;
  readonly artifactPath: string;
}

/** What a service answers with: a request to show, when there is another than before. */
export interface ServiceVersion {
  readonly name: string;
  readonly version: DeployableVersion;
  readonly example?: DeployedService["example"];
  readonly traffic?: DeployedTraffic | undefined;
}

/** What is read, changed and written again is one caller's at a time. */
const writes = new Map<string, Promise<void>>();

/** Puts versions into the deployment, which the serving process watches: all of them at once, or none. */
export function deployVersions(places: DeploymentPlaces, versions: readonly ServiceVersion[]): Promise<void> {
  const { deploymentFile } = places;
  const write = (writes.get(deploymentFile) ?? Promise.resolve()).then(() => putVersions(places, versions));
  writes.set(
    deploymentFile,
    write.catch(() => undefined),
  );
  return write;
}

async function putVersions(
  { deploymentFile, onlineStorePath, ids }: DeploymentPlaces,
  versions: readonly ServiceVersion[],
): Promise<void> {
  const before = await readDeployment({ deploymentFile, onlineStorePath });
  const names = new Set(versions.map(({ name }) => name));
  const deployed = await Promise.all(
    versions.map((version) =>
      deployedOf(
        version,
        before.services.find(({ name }) => name === version.name),
      ),
    ),
  );
  const services = [...before.services.filter(({ name }) => !names.has(name)), ...deployed];
  const deployment: Deployment = { generation: ids(), onlineStorePath, services };
  await writeFileDurably(deploymentFile, encodeDeployment(deployment));
}

/** What is deployed; nothing while there is no file. Throws `platform/damaged-file`. */
export async function readDeployment({
  deploymentFile,
  onlineStorePath,
}: Omit<DeploymentPlaces, "ids">): Promise<Deployment> {
  const text = await readFile(deploymentFile, "utf8").catch(() => undefined);
  return text === undefined ? { generation: "", onlineStorePath, services: [] } : decodeDeployment(text);
}

async function deployedOf(
  { name, version, example, traffic }: ServiceVersion,
  before: DeployedService | undefined,
): Promise<DeployedService> {
  return {
    name,
    ...(await deployedModel(version)),
    example: example ?? before?.example ?? {},
    ...(traffic === undefined ? {} : { traffic }),
  };
}
