import { computed, indirect, union, type ColumnLineage, type Dependence } from "@millwright/governance";
import {
  planFeatures,
  type FeaturePlan,
  type FeatureSelection,
  type FeatureViewData,
  type OnDemandFeatureViewData,
  type PlannedFeature,
  type StoredJoin,
} from "@millwright/feature-store";

function own(dataset: string, column: string): readonly Dependence[] {
  return [{ dataset, column, type: "DIRECT", kind: "IDENTITY" }];
}

/** A view's features are its table's columns; its key and its times say which row counts. */
export function viewColumns({ from, features, key, timestamp, created }: FeatureViewData): ColumnLineage {
  const table = `table:${from.name}`;
  const times = [timestamp, ...(created === null ? [] : [created])];
  return {
    columns: features.map((name) => ({ name, from: own(table, name) })),
    rows: union(
      indirect(union(...key.map((name) => own(table, name))), "JOIN"),
      indirect(union(...times.map((name) => own(table, name))), "SORT"),
    ),
  };
}

interface Asking {
  /** The dataset whose rows ask for features. */
  readonly population: string;
  readonly timestamp: string | undefined;
}

/** A stored feature, as of the row's time and by its keys. */
function stored({ view, on }: StoredJoin, feature: string, { population, timestamp }: Asking): readonly Dependence[] {
  const keys = [...on, ...(timestamp === undefined ? [] : [timestamp])].flatMap((name) => own(population, name));
  return union(computed(own(`feature_view:${view.name}`, feature)), indirect(keys, "JOIN"));
}

function plannedColumns(planned: PlannedFeature, plan: FeaturePlan, asking: Asking): readonly Dependence[] {
  const ofJoin = (id: number, feature: string) => {
    const join = plan.joins[id];
    return join === undefined ? [] : stored(join, feature, asking);
  };
  if (planned.from === "stored") return ofJoin(planned.join, planned.feature);
  const read = Object.values(planned.resolve).map((source) =>
    "field" in source ? own(asking.population, source.field) : ofJoin(source.join, source.feature),
  );
  return computed(union(...read));
}

/** What the features of an on-demand view are computed from, for the rows of a population. */
export function onDemandColumns(view: OnDemandFeatureViewData, asking: Asking): ColumnLineage {
  const all: FeatureSelection = { view, features: Object.keys(view.features), on: {}, prefix: "" };
  const plan = planFeatures([all]);
  return {
    columns: plan.features.map((planned) => ({ name: planned.name, from: plannedColumns(planned, plan, asking) })),
    rows: [],
  };
}

/** Each feature of a training by its name, as known at the row's time. */
export function selectedFeatures(
  selections: readonly FeatureSelection[],
  asking: Asking,
): ReadonlyMap<string, readonly Dependence[]> {
  const columns = selections.flatMap((selection) => selectedColumns(selection, asking));
  return new Map(columns.map(({ name, from }) => [name, from]));
}

function selectedColumns(selection: FeatureSelection, asking: Asking): ColumnLineage["columns"] {
  const { view, features, prefix } = selection;
  if (view.kind === "on_demand_feature_view")
    return features.map((name) => ({
      name: `${prefix}${name}`,
      from: computed(own(`feature_view:${view.name}`, name)),
    }));
  const plan = planFeatures([selection]);
  return plan.features.map((planned) => ({ name: planned.name, from: plannedColumns(planned, plan, asking) }));
}

/** The views that a selection reads, those within on-demand views included. */
export function viewsOf(selections: readonly FeatureSelection[]): readonly string[] {
  return [...new Set(planFeatures(selections).joins.map(({ view }) => `feature_view:${view.name}`))];
}

export function onDemandViewsOf(selections: readonly FeatureSelection[]): readonly OnDemandFeatureViewData[] {
  const views = selections.flatMap(({ view }) => (view.kind === "on_demand_feature_view" ? [view] : []));
  return [...new Map(views.map((view) => [view.name, view])).values()];
}
