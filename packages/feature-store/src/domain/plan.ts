import type { Column } from "@millwright/kernel";
import type { FeatureSelection, FeatureViewData } from "../definitions.ts";
import { columnsIn, type Expression } from "./expression.ts";

/** One view in one role: looked up once, however many features are taken from it. */
export interface StoredJoin {
  readonly id: number;
  readonly view: FeatureViewData;
  /** For each key column of the view, the row's column that holds it. */
  readonly on: readonly string[];
  readonly features: readonly string[];
}

export type PlannedFeature =
  | { readonly name: string; readonly from: "stored"; readonly join: number; readonly feature: string }
  | {
      readonly name: string;
      readonly from: "expression";
      readonly expression: Expression;
      readonly resolve: Readonly<Record<string, Source>>;
    };

/** Where an expression's column comes from: a looked-up feature, or the row itself. */
export type Source = { readonly join: number; readonly feature: string } | { readonly field: string };

/** Selections taken apart: what is looked up, and what each output is made of, in order. */
export interface FeaturePlan {
  readonly joins: readonly StoredJoin[];
  readonly features: readonly PlannedFeature[];
  /** Columns of the row that are read, with a type where one is declared. */
  readonly fields: readonly Column[];
}

export function planFeatures(selections: readonly FeatureSelection[]): FeaturePlan {
  const builder = new PlanBuilder();
  const features = selections.flatMap((selection) => builder.add(selection));
  return { joins: builder.joins(), features, fields: builder.fields() };
}

/** What a feature is, unchanged: a looked-up one, or the row's own column; undefined for one that is computed. */
export function sourceAsItIs(feature: PlannedFeature): Source | undefined {
  if (feature.from === "stored") return { join: feature.join, feature: feature.feature };
  return feature.expression.op === "column" ? feature.resolve[feature.expression.name] : undefined;
}

class PlanBuilder {
  readonly #joins = new Map<
    string,
    { id: number; view: FeatureViewData; on: readonly string[]; features: Set<string> }
  >();
  readonly #fields = new Map<string, Column>();

  add(selection: FeatureSelection): readonly PlannedFeature[] {
    const { view } = selection;
    if (view.kind === "feature_view") return this.#stored(selection, view);
    for (const [name, type] of Object.entries(view.request)) {
      const isOptional = view.optional?.includes(name) === true && this.#fields.get(name)?.nullable !== false;
      this.#fields.set(name, { name, type, nullable: isOptional });
    }
    const inputs = new Map<string, Source>(Object.keys(view.request).map((field) => [field, { field }]));
    for (const planned of view.inputs.flatMap((input) => this.add(input))) {
      if (planned.from === "stored") inputs.set(planned.name, { join: planned.join, feature: planned.feature });
    }
    return selection.features.map((name) => {
      const expression = view.features[name];
      if (expression === undefined) throw new Error(`${view.name} has no feature ${name}`);
      return {
        name: `${selection.prefix}${name}`,
        from: "expression",
        expression,
        resolve: resolve(expression, { inputs, view: view.name }),
      };
    });
  }

  #stored(selection: FeatureSelection, view: FeatureViewData): readonly PlannedFeature[] {
    const on = view.key.map((key) => selection.on[key] ?? key);
    const id = `${view.name}\u0000${on.join("\u0000")}`;
    const join = this.#joins.get(id) ?? { id: this.#joins.size, view, on, features: new Set<string>() };
    this.#joins.set(id, join);
    for (const field of on)
      this.#fields.set(field, { name: field, type: this.#fields.get(field)?.type ?? "string", nullable: false });
    return selection.features.map((feature) => {
      join.features.add(feature);
      return { name: `${selection.prefix}${feature}`, from: "stored", join: join.id, feature };
    });
  }

  joins(): readonly StoredJoin[] {
    return [...this.#joins.values()].map((join) => ({ ...join, features: [...join.features] }));
  }

  fields(): readonly Column[] {
    return [...this.#fields.values()];
  }
}

function resolve(
  expression: Expression,
  { inputs, view }: { readonly inputs: ReadonlyMap<string, Source>; readonly view: string },
): Readonly<Record<string, Source>> {
  return Object.fromEntries(
    columnsIn(expression).map((name) => {
      const source = inputs.get(name);
      if (source === undefined)
        throw new Error(`${view} reads ${name}, which is neither a field of its request nor one of its inputs`);
      return [name, source];
    }),
  );
}
