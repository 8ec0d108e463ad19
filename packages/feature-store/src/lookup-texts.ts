import type { Column } from "@millwright/kernel";
import { sourceAsItIs, type FeaturePlan, type StoredJoin } from "./domain/plan.ts";
import { featureErrors } from "./errors.ts";
import type { OnlineRow } from "./ports.ts";

/** Text features that are there, by name. */
export type Texts = Readonly<Record<string, string>>;

const NO_TEXTS: Texts = {};

/** The features that may be text: a field of the request as it is, or a stored feature as it is. */
export class TextFeatures {
  readonly #ofRequest: readonly { readonly name: string; readonly field: Column }[];
  /** By join; whether a stored feature is text, its row says. */
  readonly #ofJoins: readonly (readonly { readonly name: string; readonly feature: string }[])[];

  constructor({ features, fields, joins }: FeaturePlan) {
    const named = features.map((feature) => ({ name: feature.name, source: sourceAsItIs(feature) }));
    this.#ofRequest = named.flatMap(({ name, source }) => {
      if (source === undefined || !("field" in source)) return [];
      const field = fields.find((column) => column.name === source.field && column.type === "string");
      return field === undefined ? [] : [{ name, field }];
    });
    this.#ofJoins = joins.map(({ id }) =>
      named.flatMap(({ name, source }) =>
        source !== undefined && "join" in source && source.join === id ? [{ name, feature: source.feature }] : [],
      ),
    );
  }

  /** Those of the request. Throws `features/missing-field`. */
  ofRequest(request: Readonly<Record<string, unknown>>): Texts {
    if (this.#ofRequest.length === 0) return NO_TEXTS;
    const found: Record<string, string> = {};
    for (const { name, field } of this.#ofRequest) {
      const value = request[field.name];
      if (value === undefined && field.nullable !== true)
        throw featureErrors.create("features/missing-field", { because: `there is no ${field.name}` });
      if (typeof value === "string") found[name] = value;
    }
    return found;
  }

  /** With those of a join's row, or of the view's defaults. */
  withJoin(texts: Texts, { join, row, counts }: CountedRow): Texts {
    if (counts === "nothing" || (counts === "row" && row?.texts === undefined)) return texts;
    const added = (this.#ofJoins[join.id] ?? []).flatMap(({ name, feature }) => {
      const value = counts === "row" ? row?.texts?.[feature] : join.view.defaults?.[feature];
      return typeof value === "string" ? [[name, value] as const] : [];
    });
    return added.length === 0 ? texts : { ...texts, ...Object.fromEntries(added) };
  }
}

interface CountedRow {
  readonly join: StoredJoin;
  readonly row: OnlineRow | undefined;
  readonly counts: "row" | "default" | "nothing";
}
