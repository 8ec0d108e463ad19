/**
 * The four interfaces that a project's generated types augment (through `millwright`): by them a column's name and
 * type reach the feature view, the training set, the model's signature and the caller. Empty, every name is accepted.
 */
// oxlint-disable-next-line typescript/no-empty-interface -- augmented by generated types
export interface Tables {}
// oxlint-disable-next-line typescript/no-empty-interface -- augmented by generated types
export interface FeatureViews {}
// oxlint-disable-next-line typescript/no-empty-interface -- augmented by generated types
export interface Models {}
// oxlint-disable-next-line typescript/no-empty-interface -- augmented by generated types
export interface Services {}

/** The names in a registry, or any string while nothing has been generated. */
export type NameOf<Registry> = [keyof Registry] extends [never] ? string : Extract<keyof Registry, string>;

/** A table by its name; the name's columns are in its type. */
export interface TableReference<Name extends string = string> {
  readonly kind: "table";
  readonly name: Name;
}

export type ColumnOf<Name extends string> = Name extends keyof Tables ? Extract<keyof Tables[Name], string> : string;

/** Names a table of the project: a source's or a model's. */
export function table<const Name extends NameOf<Tables>>(name: Name): TableReference<Name> {
  return { kind: "table", name };
}
