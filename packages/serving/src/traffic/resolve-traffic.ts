import { join } from "node:path";
import { contentHash } from "@millwright/kernel";
import { readSignature } from "@millwright/training";
import type { ModelVersion, Tracking } from "@millwright/tracking";
import { modelReference, type ServiceDefinition } from "../define-service.ts";
import type { DeployedModel, DeployedTraffic } from "../deployment.ts";
import { wrongTraffic } from "../errors.ts";
import { shadowOf, type TrafficOptions } from "./traffic-options.ts";
import type { TrafficPlan, TrafficStore, Weights } from "./traffic-store.ts";

export interface TrafficPlaces {
  readonly store: TrafficStore;
  readonly tracking: Pick<Tracking, "versions">;
}

/** The version that a service answers with, and those that share its requests. */
export interface ResolvedTraffic {
  readonly traffic: DeployedTraffic | undefined;
  readonly weights: Weights;
  /** By variant, where it means a version: those that would only repeat the primary's too. */
  readonly versions: Readonly<Record<string, number>>;
}

/** The weights that stand: those that were set last, unless the definition's have changed since. */
export async function standingWeights(
  store: TrafficStore,
  definition: ServiceDefinition,
): Promise<{ readonly weights: Weights; readonly plan: TrafficPlan | undefined; readonly isNew: boolean }> {
  const { alias } = modelReference(definition.model);
  const plan = await store.plan(definition.name);
  const isNew = plan === undefined || !hashesOf(definition).includes(plan.definedHash);
  const defined = definition.traffic?.weights ?? { [alias]: 100 };
  return { weights: plan === undefined || isNew ? defined : plan.weights, plan, isNew };
}

/** Of what a definition says of weights: another one makes those that were set by hand give way. */
export function definedHash({ traffic }: Pick<ServiceDefinition, "traffic">): string {
  return contentHash(traffic?.weights ?? null);
}

/** Traffic that gives all to the service's own says nothing of weights, whatever else it says. */
function hashesOf(definition: ServiceDefinition): readonly string[] {
  const whole = { [modelReference(definition.model).alias]: 100 };
  const none = [definedHash({}), contentHash(whole)];
  const own = definedHash(definition);
  return none.includes(own) ? none : [own];
}

/**
 * What is deployed of a service's traffic. A variant that means no version yet, or the primary's own, leaves its share to
 * the primary. Throws `serving/wrong-traffic` where versions do not answer alike.
 */
export async function resolveTraffic(
  { tracking }: Pick<TrafficPlaces, "tracking">,
  { definition, weights, primary }: { definition: ServiceDefinition; weights: Weights; primary: ModelVersion },
): Promise<ResolvedTraffic> {
  const { model, alias } = modelReference(definition.model);
  const known = await tracking.versions(model);
  const { stickyBy, experiment, ...options }: TrafficOptions = definition.traffic ?? {};
  const shadow = shadowOf(options);
  const named = new Set([...Object.keys(weights), ...(shadow === undefined ? [] : [shadow.variant])]);
  const meant = [...named].flatMap((name) => {
    const version = name === alias ? primary : versionNamed(known, name);
    return version === undefined ? [] : [{ name, version }];
  });
  const versions = Object.fromEntries(meant.map(({ name, version }) => [name, version.version]));
  const others = meant.filter(
    ({ name, version }) =>
      name !== alias && version.version !== primary.version && ((weights[name] ?? 0) > 0 || name === shadow?.variant),
  );
  if (others.length === 0) return { traffic: undefined, weights, versions };
  const variants: Record<string, DeployedModel> = {};
  for (const { name, version } of others) {
    await requireAlike(name, version, primary);
    variants[name] = await deployedModel(version);
  }
  const shares = Object.fromEntries(others.map(({ name }) => [name, weights[name] ?? 0]));
  const taken = Object.values(shares).reduce((sum, weight) => sum + weight, 0);
  const isShadowed = shadow !== undefined && Object.hasOwn(variants, shadow.variant);
  return {
    traffic: {
      primary: alias,
      weights: { [alias]: Number((100 - taken).toFixed(6)), ...shares },
      variants,
      ...(stickyBy === undefined ? {} : { stickyBy }),
      ...(experiment === undefined ? {} : { experiment }),
      ...(isShadowed ? { shadow } : {}),
    },
    weights,
    versions,
  };
}

export function versionNamed(known: readonly ModelVersion[], name: string): ModelVersion | undefined {
  return known.find(({ version, aliases }) => String(version) === name || aliases.includes(name));
}

/** A version as it is served: where its files lie, and what it takes. Throws `platform/damaged-file`. */
export async function deployedModel({
  model,
  version,
  artifactPath,
}: Pick<ModelVersion, "model" | "version" | "artifactPath">): Promise<DeployedModel> {
  const signature = await readSignature(artifactPath);
  return {
    model,
    version,
    modelPath: join(artifactPath, "model.mwt"),
    ...(signature.timestamp === undefined ? {} : { timestamp: signature.timestamp }),
    request: signature.request,
    selections: signature.selections,
  };
}

/** A caller must not see by its answer's fields which version it got, nor be refused by one of them for what it sends. */
async function requireAlike(name: string, version: ModelVersion, primary: ModelVersion): Promise<void> {
  const kind = ({ details: { objective, classes } }: ModelVersion) => JSON.stringify([objective, classes]);
  if (kind(version) !== kind(primary))
    throw wrongTraffic(`${name}, version ${version.version}, does not answer what version ${primary.version} answers`);
  const [own, present] = await Promise.all([readSignature(version.artifactPath), readSignature(primary.artifactPath)]);
  const fields = new Map(present.request.map((field) => [field.name, field]));
  const needed = own.request.find(
    (field) => field.nullable !== true && (fields.get(field.name)?.nullable ?? true) === true,
  );
  if (needed !== undefined)
    throw wrongTraffic(
      `${name}, version ${version.version}, needs ${needed.name}, which callers of version ${primary.version} need not send`,
    );
  const other = own.request.find(({ name: field, type }) => !takes(type, fields.get(field)?.type ?? type));
  if (other !== undefined)
    throw wrongTraffic(
      `${name}, version ${version.version}, takes ${other.name} as ${other.type}, and version ${primary.version} as ${fields.get(other.name)?.type}`,
    );
}

/** Whether a field of one type takes what is sent as another: whole numbers are numbers, and not the other way. */
function takes(own: string, sent: string): boolean {
  return kindOf(own) === kindOf(sent) || (kindOf(own) === "number" && kindOf(sent) === "whole");
}

function kindOf(type: string): string {
  if (type === "string" || type === "boolean") return type;
  if (type === "long" || type === "int") return "whole";
  return /^(?:timestamp|date|time)/.test(type) ? "time" : "number";
}
