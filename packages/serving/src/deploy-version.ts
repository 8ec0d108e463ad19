import { readFile } from "node:fs/promises";
import type { IdSource } from "@millwright/kernel";
import { writeFileDurably } from "@millwright/platform";
import {
  decodeDeployment,
  encodeDeployment,
  type DeployedFunction,
  type DeployedService,
  type DeployedTraffic,
  type Deployment,
  type ModelLimits,
} from "./deployment.ts";
import { inTurn } from "./in-turn.ts";
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

/** What is to be deployed, by what is deployed: looked up when it is its turn, so that no older one takes a newer one's place. */
type Chosen = (deployed: Deployment) => Promise<readonly ServiceVersion[]>;

/**
 * Puts versions into the deployment, which the serving process watches: all of them at once, or none. Answers what was put
 * there.
 */
export function deployVersions(
  places: DeploymentPlaces,
  versions: readonly ServiceVersion[] | Chosen,
): Promise<readonly ServiceVersion[]> {
  return inTurn(places.deploymentFile, () => putVersions(places, versions));
}

async function putVersions(
  { deploymentFile, onlineStorePath, ids }: DeploymentPlaces,
  given: readonly ServiceVersion[] | Chosen,
): Promise<readonly ServiceVersion[]> {
  const before = await readDeployment({ deploymentFile, onlineStorePath });
  const versions = typeof given === "function" ? await given(before) : given;
  if (versions.length === 0) return versions;
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
  const functions = (before.functions ?? []).filter(({ name }) => !names.has(name));
  const deployment: Deployment = { ...before, generation: ids(), onlineStorePath, services, functions };
  await writeFileDurably(deploymentFile, encodeDeployment(deployment));
  return versions;
}

/** Puts a function into the deployment, in the place of what has answered by its name. Answers its version. */
export function deployFunction(
  places: DeploymentPlaces,
  deployed: Omit<DeployedFunction, "version">,
): Promise<DeployedFunction> {
  return inTurn(places.deploymentFile, async () => {
    const before = await readDeployment(places);
    const known = before.functions?.find(({ name }) => name === deployed.name);
    const own = { ...deployed, version: (known?.version ?? 0) + (known?.hash === deployed.hash ? 0 : 1) };
    const others = (before.functions ?? []).filter(({ name }) => name !== deployed.name);
    const deployment: Deployment = {
      ...before,
      generation: places.ids(),
      services: before.services.filter(({ name }) => name !== deployed.name),
      functions: [...others, own],
    };
    await writeFileDurably(places.deploymentFile, encodeDeployment(deployment));
    return own;
  });
}

/** Puts into the deployment what holds of the models that documents ask for; undefined: no bound. */
export function deployModelLimits(places: DeploymentPlaces, modelLimits: ModelLimits | undefined): Promise<void> {
  return inTurn(places.deploymentFile, async () => {
    const { modelLimits: known, ...before } = await readDeployment(places);
    if (JSON.stringify(known) === JSON.stringify(modelLimits)) return;
    const limits = modelLimits === undefined ? {} : { modelLimits };
    await writeFileDurably(places.deploymentFile, encodeDeployment({ ...before, ...limits, generation: places.ids() }));
  });
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
