import type { TreeModel } from "./tree-model.ts";

/** A categorical feature's number in a row: its place among the values, NaN for one that is not among them. */
export type EncodeCategory = (value: unknown) => number;

/** For each categorical feature of a model how its values become numbers, as `featureSql` does it. */
export function encodersOf({ categories }: Pick<TreeModel, "categories">): ReadonlyMap<string, EncodeCategory> {
  return new Map(
    Object.entries(categories).map(([feature, values]) => {
      const places = new Map<unknown, number>(values.map((value, place) => [value, place]));
      return [feature, (value) => places.get(value) ?? Number.NaN];
    }),
  );
}
