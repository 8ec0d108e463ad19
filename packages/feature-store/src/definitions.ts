import type { ColumnOf, NameOf, TableReference, Tables } from "@millwright/kernel";
import { durationMs, type Expression } from "./domain/expression.ts";
import { featureErrors } from "./errors.ts";

/** What features are about: an airport, a route, a customer. */
export interface EntityDefinition<Key extends string = string> {
  readonly kind: "entity";
  readonly name: string;
  /** The columns that name one, in order. */
  readonly key: readonly Key[];
}

/** Columns of a table as features of an entity, as known at `timestamp`. */
export interface FeatureViewData {
  readonly kind: "feature_view";
  readonly name: string;
  readonly key: readonly string[];
  readonly entities: readonly string[];
  readonly from: TableReference;
  readonly timestamp: string;
  /** The column that says when a row was written down: it breaks ties of `timestamp`, and no row is seen before it. */
  readonly created: string | null;
  /** A row older than this at the time asked about counts as missing; exactly as old still counts. Null: never too old. */
  readonly ttlMs: number | null;
  readonly features: readonly string[];
  /** What counts where there is no row for a key: nothing, or the feature's default. `error` refuses the request online. */
  readonly onMissing?: OnMissing;
  /** What counts where the newest row is older than the ttl. */
  readonly onStale?: OnStale;
  readonly defaults?: Readonly<Record<string, number | string>>;
}

export type OnMissing = "null" | "default" | "error";
export type OnStale = "null" | "default" | "last_known" | "error";

/** Features computed when they are asked for, from the request and from other features. */
export interface OnDemandFeatureViewData {
  readonly kind: "on_demand_feature_view";
  readonly name: string;
  /** Fields of the request (and columns of the population) that it reads, with their types. */
  readonly request: Readonly<Record<string, string>>;
  /** Fields of the request that may be missing. */
  readonly optional?: readonly string[];
  readonly inputs: readonly FeatureSelection[];
  readonly features: Readonly<Record<string, Expression>>;
}

/** Some features of a view in one role of a row: `on` says which column holds each key, `prefix` keeps roles apart. */
export interface FeatureSelection<Columns extends string = string> {
  readonly view: FeatureViewData | OnDemandFeatureViewData;
  readonly features: readonly string[];
  readonly on: Readonly<Record<string, Columns>>;
  readonly prefix: string;
}

export interface Role<Key extends string, Columns extends string> {
  readonly on?: Readonly<Record<Key, Columns>>;
  readonly prefix?: string;
}

export interface FeatureView<Key extends string = string, Feature extends string = string> extends FeatureViewData {
  all<const Columns extends string = Key>(role?: Role<Key, Columns>): FeatureSelection<Columns>;
  only<const Columns extends string = Key>(
    features: readonly Feature[],
    role?: Role<Key, Columns>,
  ): FeatureSelection<Columns>;
}

export interface OnDemandFeatureView<Request extends string = string> extends OnDemandFeatureViewData {
  all(): FeatureSelection<Request>;
  only(features: readonly string[]): FeatureSelection<Request>;
}

/**
 * Declares an entity by the column, or columns, that name one.
 *
 * @example
 * ```ts
 * export const airport = defineEntity({ name: "airport", key: "airport" });
 * ```
 */
export function defineEntity<const Key extends string>({
  name,
  key,
}: {
  readonly name: string;
  readonly key: Key | readonly Key[];
}): EntityDefinition<Key> {
  return { kind: "entity", name, key: typeof key === "string" ? [key] : key };
}

export interface FeatureViewOptions<Name extends string, Key extends string, Feature extends string> {
  readonly name: string;
  readonly entities: readonly EntityDefinition<Key & ColumnOf<Name>>[];
  readonly from: TableReference<Name>;
  readonly timestamp: ColumnOf<Name>;
  /** When a row was written down. Of rows with one time the one written last counts, and none before it was written. */
  readonly created?: ColumnOf<Name>;
  /** Such as `90s`, `2h` or `7d`; `0s`, and none, mean that a row never gets too old. */
  readonly ttl?: string;
  readonly features: readonly (Feature & ColumnOf<Name>)[];
  /**
   * What a feature is where there is no row for a key: nothing (`null`, which is also what is left unsaid) or its
   * `default`, in training and online alike. `error` refuses the request online; a training row has nothing there.
   */
  readonly onMissing?: OnMissing;
  /** The same where the newest row is older than the ttl; `last_known` takes it all the same. */
  readonly onStale?: OnStale;
  /** What `default` means, for each feature: a text for one that is text. */
  readonly defaults?: Readonly<Partial<Record<Feature, number | string>>>;
}

/** Declares a feature view. Its table may hold many rows a key: the newest one at the time asked about counts. */
export function defineFeatureView<
  const Name extends NameOf<Tables>,
  const Key extends string,
  const Feature extends string,
>(options: FeatureViewOptions<Name, Key, Feature>): FeatureView<Key, Feature> {
  const { name, entities, from, timestamp, created = null, ttl, features } = options;
  const { onMissing = "null", onStale = "null", defaults = {} } = options;
  if (onMissing === "default" || onStale === "default") requireDefaults(name, { features, defaults });
  const data: FeatureViewData = {
    kind: "feature_view",
    name,
    key: entities.flatMap((entity) => entity.key),
    entities: entities.map((entity) => entity.name),
    from,
    timestamp,
    created,
    ttlMs: ttl === undefined ? null : ttlOf(name, ttl),
    features,
    onMissing,
    onStale,
    defaults: defaults as Readonly<Record<string, number | string>>,
  };
  return {
    ...data,
    all: (role) => select(data, features, role),
    only: (chosen, role) => select(data, chosen, role),
  };
}

function requireDefaults(
  view: string,
  {
    features,
    defaults,
  }: { readonly features: readonly string[]; readonly defaults: Readonly<Record<string, unknown>> },
): void {
  const without = features.filter((feature) => defaults[feature] === undefined);
  if (without.length === 0) return;
  throw featureErrors.create("features/invalid-view", { because: `${view}: no default for ${without.join(", ")}` });
}

function ttlOf(view: string, ttl: string): number | null {
  try {
    const ttlMs = durationMs(ttl);
    return ttlMs === 0 ? null : ttlMs;
  } catch (error) {
    throw featureErrors.create("features/invalid-view", {
      because: `${view}: ttl: ${error instanceof Error ? error.message : ""}`,
    });
  }
}

function select<Columns extends string>(
  view: FeatureViewData,
  features: readonly string[],
  role: Role<string, Columns> = {},
): FeatureSelection<Columns> {
  const own = Object.fromEntries(view.key.map((key) => [key, key])) as Record<string, Columns>;
  return { view, features, on: role.on ?? own, prefix: role.prefix ?? "" };
}

export interface OnDemandOptions<Request extends string> {
  readonly name: string;
  readonly request: Readonly<Record<Request, string>>;
  /** Fields that a caller may leave out, or send as null: what is computed from them is missing then. */
  readonly optional?: readonly NoInfer<Request>[];
  readonly inputs?: readonly FeatureSelection[];
  readonly features: Readonly<Record<string, Expression>>;
}

/** Declares features that are computed from the request and from other features, equally in batch and online. */
export function defineOnDemandFeatureView<const Request extends string>(
  options: OnDemandOptions<Request>,
): OnDemandFeatureView<Request> {
  const { name, request, optional = [], inputs = [], features } = options;
  const data: OnDemandFeatureViewData = { kind: "on_demand_feature_view", name, request, optional, inputs, features };
  const on = Object.fromEntries(Object.keys(request).map((field) => [field, field])) as Record<string, Request>;
  return {
    ...data,
    all: () => ({ view: data, features: Object.keys(features), on, prefix: "" }),
    only: (chosen) => ({ view: data, features: chosen, on, prefix: "" }),
  };
}

export interface FeatureServiceDefinition {
  readonly kind: "feature_service";
  readonly name: string;
  readonly features: readonly FeatureSelection[];
}

/** Names a set of selections, as Feast's clients ask for them. */
export function defineFeatureService({
  name,
  features,
}: Omit<FeatureServiceDefinition, "kind">): FeatureServiceDefinition {
  return { kind: "feature_service", name, features };
}
