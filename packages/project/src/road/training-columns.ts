import { computed, indirect, union, type ColumnLineage, type Dependence } from "@millwright/governance";
import { planFeatures } from "@millwright/feature-store";
import { ROW_PLACE, SPLIT_PLACE, trainingTable, type TrainingDefinition } from "@millwright/training";
import { selectedFeatures } from "./feature-columns.ts";

/** The one field of a model, and of the service that answers with it. */
const PREDICTION = "prediction";

function values(dataset: string, columns: readonly string[]): readonly Dependence[] {
  return columns.map((column) => ({ dataset, column, type: "DIRECT", kind: "IDENTITY" }));
}

function featuresOf({ features }: TrainingDefinition): readonly string[] {
  return planFeatures(features).features.map(({ name }) => name);
}

/** What parts a training's rows: their times, or their places in a split by shares. */
function splitColumns({ split, timestamp }: TrainingDefinition): readonly string[] {
  if ("by" in split) return [SPLIT_PLACE];
  return timestamp === undefined ? [] : [timestamp];
}

/** The columns of a training's table: the population's, every feature as known at the row's time, the row's place. */
export function trainingTableColumns(
  definition: TrainingDefinition,
  { columns, population }: { readonly columns: readonly string[]; readonly population: readonly string[] },
): ColumnLineage {
  const { split, label, timestamp, features } = definition;
  const dataset = `table:${definition.population.name}`;
  const made = new Map(selectedFeatures(features, { population: dataset, timestamp }));
  made.set(ROW_PLACE, indirect(values(dataset, population), "WINDOW"));
  if ("by" in split) {
    const hashed = split.by === "hash" ? population : split.by;
    const ranked = split.stratify === true ? indirect(values(dataset, [label]), "WINDOW") : [];
    made.set(SPLIT_PLACE, union(computed(values(dataset, hashed)), ranked));
  }
  return { columns: columns.map((name) => ({ name, from: made.get(name) ?? values(dataset, [name]) })), rows: [] };
}

/** A model's answer is computed from its features by what it learned of the label. */
export function modelVersionColumns(definition: TrainingDefinition): ColumnLineage {
  const table = `table:${trainingTable(definition.name)}`;
  const learned = computed(values(table, [definition.label]), "AGGREGATION");
  const from = union(computed(values(table, featuresOf(definition))), learned);
  return { columns: [{ name: PREDICTION, from }], rows: indirect(values(table, splitColumns(definition)), "FILTER") };
}

/** The scored rows: the training table's columns, and beside them what the model says of each row. */
export function scoredColumns(
  definition: TrainingDefinition,
  {
    model,
    columns,
    trained,
  }: { readonly model: string; readonly columns: readonly string[]; readonly trained: ReadonlySet<string> },
): ColumnLineage {
  const table = `table:${trainingTable(definition.name)}`;
  const { timestamp } = definition;
  const answer = union(computed(values(model, [PREDICTION])), computed(values(table, featuresOf(definition))));
  const made = new Map<string, readonly Dependence[]>([
    ["model", []],
    ["model_version", []],
    ["features_at", timestamp === undefined ? [] : values(table, [timestamp])],
  ]);
  return {
    columns: columns.map((name) => ({
      name,
      from: trained.has(name) ? values(table, [name]) : (made.get(name) ?? answer),
    })),
    rows: indirect(values(table, splitColumns(definition)), "FILTER"),
  };
}

/** What a service answers: its model's prediction, from the features as they are online. */
export function serviceColumns(model: string, selections: TrainingDefinition["features"]): ColumnLineage {
  const served = selections.flatMap(({ view, features }) => values(`feature_view:${view.name}`, features));
  return { columns: [{ name: PREDICTION, from: union(values(model, [PREDICTION]), computed(served)) }], rows: [] };
}

/** What a monitor says of a feature comes from that feature's rows, then and now. */
export function monitorColumns(
  features: readonly string[],
  { tables, timestamp }: { readonly tables: readonly string[]; readonly timestamp: string | undefined },
): ColumnLineage {
  const times = timestamp === undefined ? [] : [timestamp];
  return {
    columns: features.map((name) => ({
      name,
      from: computed(union(...tables.map((table) => values(table, [name]))), "AGGREGATION"),
    })),
    rows: indirect(union(...tables.map((table) => values(table, times))), "GROUP_BY"),
  };
}
