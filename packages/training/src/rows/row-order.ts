import { planFeatures } from "@millwright/feature-store";
import type { TrainingDefinition } from "../define-training.ts";

/**
 * The one order of a training table's rows: by time, then by what the population says of each, so that rows
 * that are equal there have equal features. A feature that is a column of the population as it is counts among these.
 */
export function rowOrder(definition: TrainingDefinition, columns: readonly string[]): readonly string[] {
  const planned = planFeatures(definition.features).features;
  const derived = new Set(planned.filter((feature) => !isColumnAsItIs(feature)).map(({ name }) => name));
  const { timestamp } = definition;
  const first = timestamp === undefined ? [] : [timestamp];
  const others = columns.filter((name) => name !== timestamp && !derived.has(name));
  return [...first, ...others];
}

function isColumnAsItIs(feature: ReturnType<typeof planFeatures>["features"][number]): boolean {
  return (
    feature.from === "expression" && feature.expression.op === "column" && feature.expression.name === feature.name
  );
}
