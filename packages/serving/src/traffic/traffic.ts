import { canonicalJson } from "@millwright/kernel";
import { modelReference, type ServiceDefinition } from "../define-service.ts";
import { deployVersions, type DeploymentPlaces, type ServiceVersion } from "../deploy-version.ts";
import type { DeployedTraffic } from "../deployment.ts";
import { servingErrors, wrongTraffic } from "../errors.ts";
import { definedHash, resolveTraffic, standingWeights, versionNamed, type ResolvedTraffic } from "./resolve-traffic.ts";
import { wholeWeights } from "./traffic-options.ts";
import type { DecisionKind, TrafficDecision, TrafficStore, Weights } from "./traffic-store.ts";
import type { ModelVersion, Tracking } from "@millwright/tracking";

export interface TrafficParts extends DeploymentPlaces {
  readonly traffic: TrafficStore;
  readonly tracking: Pick<Tracking, "versions" | "byAlias" | "promote">;
}

/** Who changes something, and why. */
export interface Change {
  readonly by: string;
  readonly reason: string;
  readonly numbers?: TrafficDecision["numbers"];
  /** What becomes of the service's rollout by it. */
  readonly rollout?: object | undefined;
}

/** How a service's requests are shared now. */
export interface TrafficState {
  readonly service: string;
  readonly primary: string;
  readonly weights: Weights;
  readonly variants: readonly VariantState[];
  /** As it is deployed: with it alone requests are shared. */
  readonly deployed: DeployedTraffic | undefined;
}

interface VariantState {
  readonly name: string;
  /** Percent that was asked for. */
  readonly weight: number;
  /** Percent that it gets: nothing while it means no version, or the primary's own. */
  readonly share: number;
  readonly version: number | null;
}

const DECISIONS_MAX = 200;

/** What is to be deployed of a service; its definition's weights are taken up where they have changed. */
export async function serviceVersion(
  { traffic: store, tracking }: Pick<TrafficParts, "traffic" | "tracking">,
  { definition, version }: { readonly definition: ServiceDefinition; readonly version: ModelVersion },
): Promise<ServiceVersion> {
  const { weights, plan, isNew } = await standingWeights(store, definition);
  const resolved = await resolveTraffic({ tracking }, { definition, weights, primary: version });
  const isSaid = definition.traffic !== undefined || plan !== undefined;
  if (isNew && isSaid)
    await store.save({
      service: definition.name,
      plan: { service: definition.name, weights, definedHash: definedHash(definition) },
      decision: {
        service: definition.name,
        kind: "defined",
        by: "definition",
        reason: "the service's definition says so",
        weights,
        previousWeights: plan?.weights ?? {},
        versions: resolved.versions,
        numbers: {},
      },
    });
  return { name: definition.name, version, traffic: resolved.traffic };
}

/** The versions that a service's variants mean, by which a deployment is out of date or not. */
export async function variantVersions(
  { traffic: store, tracking }: Pick<TrafficParts, "traffic" | "tracking">,
  definition: ServiceDefinition,
): Promise<Readonly<Record<string, number | null>>> {
  const { weights } = await standingWeights(store, definition);
  const known = await tracking.versions(modelReference(definition.model).model).catch(() => []);
  return Object.fromEntries(Object.keys(weights).map((name) => [name, versionNamed(known, name)?.version ?? null]));
}

/** Throws `serving/unknown-service` while its model has no such version. */
export async function showTraffic(parts: TrafficParts, definition: ServiceDefinition): Promise<TrafficState> {
  const { weights } = await standingWeights(parts.traffic, definition);
  const resolved = await resolvedOf(parts, definition, weights);
  return stateOf(definition, resolved);
}

export function listDecisions(
  { traffic: store }: Pick<TrafficParts, "traffic">,
  service: string,
): Promise<readonly TrafficDecision[]> {
  return store.decisions(service, { limit: DECISIONS_MAX });
}

/**
 * Shares a service's requests by other weights from now on. Throws `serving/wrong-traffic` where they are none, or name
 * what is no version.
 */
export async function setTraffic(
  parts: TrafficParts,
  definition: ServiceDefinition,
  {
    weights: given,
    kind = "set",
    rollout,
    ...change
  }: Change & { readonly weights: Weights; readonly kind?: DecisionKind },
): Promise<TrafficState> {
  const { model, alias } = modelReference(definition.model);
  const weights = wholeWeights(given, alias);
  const known = await parts.tracking.versions(model);
  const unknown = Object.keys(weights).find((name) => versionNamed(known, name) === undefined);
  if (unknown !== undefined)
    throw wrongTraffic(
      `${model} has no version ${unknown}; it has ${known.map(({ version, aliases }) => [version, ...aliases].join(" ")).join(", ")}`,
    );
  const before = (await standingWeights(parts.traffic, definition)).weights;
  const resolved = await resolvedOf(parts, definition, weights);
  await parts.traffic.save({
    service: definition.name,
    plan: { service: definition.name, weights, definedHash: definedHash(definition) },
    decision: {
      numbers: {},
      ...change,
      kind,
      service: definition.name,
      weights,
      previousWeights: before,
      versions: resolved.versions,
    },
    ...(rollout === undefined ? {} : { rollout }),
  });
  await deployTraffic(parts, [definition]);
  return stateOf(definition, resolved);
}

/**
 * The version that a variant means which is to be made the service's own. Throws `serving/no-traffic` where no variant is
 * named and there are none or several beside the primary.
 */
export async function variantToPromote(
  { traffic: store, tracking }: Pick<TrafficParts, "traffic" | "tracking">,
  definition: ServiceDefinition,
  variant: string | undefined,
): Promise<ModelVersion> {
  const { model, alias } = modelReference(definition.model);
  const name = variant ?? onlyOther((await standingWeights(store, definition)).weights, alias);
  const version = versionNamed(await tracking.versions(model), name);
  if (version === undefined) throw wrongTraffic(`${model} has no version ${name}`);
  return version;
}

/**
 * Makes a variant's version the one that the service's alias means, and gives it all requests. Throws as `variantToPromote`,
 * and `serving/wrong-traffic` where its shadow could not be asked the same: then nothing has changed.
 */
export async function promoteVariant(
  parts: TrafficParts,
  definition: ServiceDefinition,
  { variant, ...change }: Change & { readonly variant?: string | undefined },
): Promise<TrafficState> {
  const { model, alias } = modelReference(definition.model);
  const version = await variantToPromote(parts, definition, variant);
  const weights = { [alias]: 100 };
  await resolveTraffic(parts, { definition, weights, primary: version });
  await parts.tracking.promote({ model, alias, version: version.version, reason: change.reason });
  return setTraffic(parts, definition, { ...change, kind: "promote", weights });
}

/** Gives all requests back to the service's own version. */
export async function rollbackTraffic(
  parts: TrafficParts,
  definition: ServiceDefinition,
  change: Change,
): Promise<TrafficState> {
  const { alias } = modelReference(definition.model);
  const { weights } = await standingWeights(parts.traffic, definition);
  if ((weights[alias] ?? 0) === 100)
    throw servingErrors.create("serving/no-traffic", { because: `${definition.name} answers with ${alias} alone` });
  return setTraffic(parts, definition, { ...change, kind: "rollback", weights: { [alias]: 100 } });
}

/**
 * Brings the deployed ones of these services up to date with what their aliases mean and how their requests are shared:
 * all at once, or none. Answers the names of those whose deployment has changed.
 */
export async function deployTraffic(
  parts: TrafficParts,
  definitions: readonly ServiceDefinition[],
): Promise<readonly string[]> {
  const put = await deployVersions(parts, async ({ services }) => {
    const deployed = new Map(services.map((service) => [service.name, service]));
    const versions: ServiceVersion[] = [];
    for (const definition of definitions) {
      const now = deployed.get(definition.name);
      const { model, alias } = modelReference(definition.model);
      const version = now === undefined ? undefined : await parts.tracking.byAlias(model, alias);
      if (now === undefined || version === undefined) continue;
      const wanted = await serviceVersion(parts, { definition, version });
      if (now.version !== version.version || !isSame(now.traffic, wanted.traffic)) versions.push(wanted);
    }
    return versions;
  });
  return put.map(({ name }) => name);
}

function isSame(one: DeployedTraffic | undefined, other: DeployedTraffic | undefined): boolean {
  return canonicalJson(one ?? null) === canonicalJson(other ?? null);
}

function onlyOther(weights: Weights, primary: string): string {
  const others = Object.keys(weights).filter((name) => name !== primary && (weights[name] ?? 0) > 0);
  const [name] = others;
  if (name !== undefined && others.length === 1) return name;
  throw servingErrors.create("serving/no-traffic", {
    because:
      name === undefined ? `${primary} has all of it` : `${others.join(" and ")} have parts of it: name one of them`,
    ...(name === undefined ? {} : { remedy: `mill services promote NAME ${name}` }),
  });
}

async function resolvedOf(
  { tracking }: TrafficParts,
  definition: ServiceDefinition,
  weights: Weights,
): Promise<ResolvedTraffic> {
  const { model, alias } = modelReference(definition.model);
  const primary = await tracking.byAlias(model, alias);
  if (primary === undefined)
    throw servingErrors.create("serving/unknown-service", {
      because: `${definition.name} is not deployed: ${definition.model} means no version yet`,
    });
  return resolveTraffic({ tracking }, { definition, weights, primary });
}

function stateOf(definition: ServiceDefinition, { traffic, weights, versions }: ResolvedTraffic): TrafficState {
  const { alias } = modelReference(definition.model);
  const names = [alias, ...Object.keys(weights).filter((name) => name !== alias)];
  return {
    service: definition.name,
    primary: alias,
    weights,
    variants: names.map((name) => ({
      name,
      weight: weights[name] ?? 0,
      share: traffic?.weights[name] ?? (traffic === undefined && name === alias ? 100 : 0),
      version: versions[name] ?? null,
    })),
    deployed: traffic,
  };
}
