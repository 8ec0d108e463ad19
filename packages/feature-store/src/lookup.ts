import type { Column } from "@millwright/kernel";
import type { FeatureSelection } from "./definitions.ts";
import { compileExpression } from "./domain/expression.ts";
import { planFeatures, type FeaturePlan, type PlannedFeature, type StoredJoin } from "./domain/plan.ts";
import { featureErrors } from "./errors.ts";
import { TextFeatures, type Texts } from "./lookup-texts.ts";
import { entityKey, type OnlineRow, type OnlineStore } from "./ports.ts";

/** What one request's lookup found. `values` are float32, in the order of `names`; NaN is missing, or text. Times are milliseconds. */
export interface LookedUp {
  readonly values: Float32Array;
  /** The text features that are there, by name. */
  readonly texts: Texts;
  /** By view and role: when its row was true, or null when there was none. */
  readonly featureTimesMs: Readonly<Record<string, number | null>>;
  readonly missing: readonly string[];
  readonly stale: readonly string[];
}

export interface OnlineFeatures {
  readonly names: readonly string[];
  /** What a request must bring. */
  readonly fields: readonly Column[];
  lookup(request: Readonly<Record<string, unknown>>, nowMs: number): LookedUp;
}

export interface OnlineFeatureOptions {
  readonly selections: readonly FeatureSelection[];
  /** The field of the request that says when it asks; the clock when absent. */
  readonly timestamp?: string;
}

/** Prepares the lookup of some selections: each request is one read a view and role, and arithmetic. */
export function createOnlineFeatures(
  online: OnlineStore,
  { selections, timestamp }: OnlineFeatureOptions,
): OnlineFeatures {
  const plan = planFeatures(selections);
  const fields = fieldsOf(plan, timestamp);
  const slots = new Slots(plan);
  const outputs = plan.features.map((feature) => slots.compile(feature));
  const textFeatures = new TextFeatures(plan);
  const keys = new EntityKeys(plan.joins);
  const joins = plan.joins.map((join) => ({ ...join, role: roleOf(join), keyAt: keys.placeOf(join) }));
  return {
    names: plan.features.map(({ name }) => name),
    fields,
    lookup: (request, nowMs) => {
      const at = timestamp === undefined ? nowMs : timeOf(request, timestamp) / 1_000;
      const row = new Float64Array(slots.size).fill(Number.NaN);
      slots.fillFields(row, request);
      let texts = textFeatures.ofRequest(request);
      const keysOfRequest = keys.of(request);
      const told = {
        featureTimesMs: {} as Record<string, number | null>,
        missing: [] as string[],
        stale: [] as string[],
      };
      for (const join of joins) {
        const state = lookUpJoin(online, { join, key: keysOfRequest[join.keyAt] ?? "", at });
        const counts = whatCounts(state, request);
        slots.fillJoin(row, { row: state.row, join, counts, stored: online.featuresOf(join.view.name) });
        texts = textFeatures.withJoin(texts, { join, row: state.row, counts });
        told.featureTimesMs[join.role] = state.row?.eventTimeMs ?? null;
        if (state.row === undefined) told.missing.push(join.role);
        if (state.stale) told.stale.push(join.role);
      }
      const values = new Float32Array(outputs.length);
      for (let index = 0; index < outputs.length; index += 1) values[index] = outputs[index]?.(row) ?? Number.NaN;
      return { values, texts, ...told };
    },
  };
}

function fieldsOf(plan: FeaturePlan, timestamp: string | undefined): readonly Column[] {
  if (timestamp === undefined || plan.fields.some(({ name }) => name === timestamp)) return plan.fields;
  return [...plan.fields, { name: timestamp, type: "timestamp" }];
}

interface JoinState {
  readonly join: StoredJoin;
  readonly row: OnlineRow | undefined;
  readonly stale: boolean;
}

function lookUpJoin(
  online: OnlineStore,
  { join, key, at }: { readonly join: StoredJoin; readonly key: string; readonly at: number },
): JoinState {
  const row = online.get(join.view.name, key);
  const stale = row !== undefined && join.view.ttlMs !== null && row.eventTimeMs < at - join.view.ttlMs;
  return { join, row, stale };
}

/** What a view says of a missing row and of one that is too old, as in a training set. Throws where it is to be an error. */
function whatCounts({ join, row, stale }: JoinState, request: Readonly<Record<string, unknown>>) {
  const { onMissing, onStale, name } = join.view;
  if (row === undefined) {
    if (onMissing === "error")
      throw featureErrors.create("features/missing-entity", {
        because: `${name} has no row for ${keyText(join, request)}`,
      });
    return onMissing === "default" ? "default" : "nothing";
  }
  if (!stale || onStale === "last_known") return "row";
  if (onStale === "error")
    throw featureErrors.create("features/stale", {
      because: `the newest row of ${name} for ${keyText(join, request)} is of ${new Date(row.eventTimeMs).toISOString()}`,
    });
  return onStale === "default" ? "default" : "nothing";
}

const KEY_LENGTH_MAX = 200;

/** A request's key as a sentence has it: `origin = "ORD"`. */
function keyText({ on }: StoredJoin, request: Readonly<Record<string, unknown>>): string {
  const parts = on.map((field) => `${field} = ${JSON.stringify(request[field])}`);
  return parts.join(", ").slice(0, KEY_LENGTH_MAX);
}

function roleOf({ view, on }: StoredJoin): string {
  return `${view.name}(${on.join(",")})`;
}

/** The entities that a request names: each key once, however many views are looked up by it. */
class EntityKeys {
  readonly #fields: readonly (readonly string[])[];

  constructor(joins: readonly StoredJoin[]) {
    this.#fields = [...new Map(joins.map(({ on }) => [on.join("\u0000"), on])).values()];
  }

  placeOf({ on }: StoredJoin): number {
    return this.#fields.findIndex((fields) => fields.join("\u0000") === on.join("\u0000"));
  }

  of(request: Readonly<Record<string, unknown>>): readonly string[] {
    return this.#fields.map((fields) => entityKey(fields.map((field) => keyPart(request, field))));
  }
}

function keyPart(request: Readonly<Record<string, unknown>>, field: string): string | number {
  const value = request[field];
  if (typeof value === "string" || typeof value === "number") return value;
  throw missingField(field);
}

interface FoundJoin {
  readonly join: StoredJoin;
  readonly row: OnlineRow | undefined;
  readonly counts: ReturnType<typeof whatCounts>;
  /** The features in the order in which the store's rows hold them. */
  readonly stored: readonly string[] | undefined;
}

interface Places {
  readonly stored: readonly string[] | undefined;
  readonly places: readonly { readonly feature: string; readonly slot: number; readonly place: number }[];
}

interface NumberField {
  readonly name: string;
  readonly isTime: boolean;
  readonly nullable: boolean;
}

/** The numbers that expressions read: first the request's fields, then each join's features. */
class Slots {
  readonly #fields: readonly NumberField[];
  readonly #joinSlots: readonly ReadonlyMap<string, number>[];
  readonly #places: Places[];
  readonly size: number;

  constructor(plan: FeaturePlan) {
    this.#fields = plan.fields
      .filter(({ type }) => type !== "string")
      .map(({ name, type, nullable }) => ({ name, isTime: type.startsWith("timestamp"), nullable: nullable === true }));
    let next = this.#fields.length;
    this.#joinSlots = plan.joins.map(({ features }) => new Map(features.map((feature) => [feature, next++])));
    this.#places = plan.joins.map(() => ({ stored: undefined, places: [] }));
    this.size = next;
  }

  /** Into a row that is missing throughout. */
  fillFields(row: Float64Array, request: Readonly<Record<string, unknown>>): void {
    for (let slot = 0; slot < this.#fields.length; slot += 1) {
      const { name, isTime, nullable } = this.#fields[slot] as NumberField;
      if (nullable && (request[name] ?? null) === null) continue;
      row[slot] = isTime ? timeOf(request, name) : numberOf(request, name);
    }
  }

  fillJoin(row: Float64Array, { row: found, join, counts, stored }: FoundJoin): void {
    if (counts === "nothing") return;
    const values = counts === "row" ? found?.values : undefined;
    for (const { feature, slot, place } of this.#placesIn(join.id, stored)) {
      const value = values === undefined ? join.view.defaults?.[feature] : values[place];
      row[slot] = typeof value === "number" ? value : Number.NaN;
    }
  }

  /** Where a row of the store holds each of a join's features: the same from request to request until the view is another. */
  #placesIn(join: number, stored: readonly string[] | undefined): Places["places"] {
    const known = this.#places[join];
    if (known !== undefined && known.stored === stored && stored !== undefined) return known.places;
    const slots = [...(this.#joinSlots[join] ?? [])];
    const places = slots.map(([feature, slot]) => ({ feature, slot, place: stored?.indexOf(feature) ?? -1 }));
    this.#places[join] = { stored, places };
    return places;
  }

  compile(planned: PlannedFeature): (row: Float64Array) => number {
    if (planned.from === "stored") {
      const slot = this.#slot({ join: planned.join, feature: planned.feature });
      return (row) => row[slot] ?? Number.NaN;
    }
    return compileExpression(planned.expression, (name) => {
      const source = planned.resolve[name];
      if (source === undefined) throw new Error(`${planned.name} reads ${name}, which nothing gives`);
      return "field" in source ? this.#fields.findIndex((field) => field.name === source.field) : this.#slot(source);
    });
  }

  #slot({ join, feature }: { readonly join: number; readonly feature: string }): number {
    const slot = this.#joinSlots[join]?.get(feature);
    if (slot === undefined) throw new Error(`no slot for ${feature}`);
    return slot;
  }
}

/** A time in microseconds: from ISO text (UTC where it names no zone) or milliseconds. */
function timeOf(request: Readonly<Record<string, unknown>>, field: string): number {
  const value = request[field];
  if (value === undefined || value === null) throw missingField(field);
  const ms = timeMsOf(value);
  if (ms !== undefined) return ms * 1_000;
  throw featureErrors.create("features/wrong-field", { because: `${field} is not a time` });
}

/** A day, or a time of a day, as ISO 8601 writes it; between the two a T or a space. */
export const ISO_TIME =
  /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?$/;

/** A time in milliseconds, from ISO text (UTC where it names no zone) or milliseconds. */
export function timeMsOf(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !ISO_TIME.test(value)) return undefined;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? value : `${value.replace(" ", "T")}Z`;
  const parsed = Date.parse(zoned.length === 11 ? zoned.slice(0, 10) : zoned);
  if (Number.isNaN(parsed)) return undefined;
  const micros = /\.\d{3}(\d{1,3})/.exec(zoned)?.[1];
  return micros === undefined ? parsed : parsed + Number(micros.padEnd(3, "0")) / 1_000;
}

function numberOf(request: Readonly<Record<string, unknown>>, field: string): number {
  const value = request[field];
  if (value === undefined) throw missingField(field);
  if (value === null) return Number.NaN;
  if (typeof value === "number") return value;
  // A whole number that is too large to be exact comes as its digits.
  if (typeof value === "boolean" || (typeof value === "string" && /^-?\d+$/.test(value))) return Number(value);
  throw featureErrors.create("features/wrong-field", { because: `${field} is not a number` });
}

function missingField(field: string): Error {
  return featureErrors.create("features/missing-field", { because: `there is no ${field}` });
}
