import type { Project } from "@millwright/project";
import { scoredTable, trainingTable } from "@millwright/training";

/** Where a step is written down, and what its author says of it. */
export interface DefinitionPlace {
  readonly file: string;
  readonly line: number;
  readonly description: string;
}

/** The place of each step of the road, by its id. */
export function placesOf(project: Project): ReadonlyMap<string, DefinitionPlace> {
  const places = new Map<string, DefinitionPlace>();
  const { sources, dbt, checks, featureViews, trainings, services, monitors } = project;
  const add = (kind: string, all: readonly { name: string; file: string; line: number; definition: object }[]) => {
    for (const { name, file, line, definition } of all) {
      const { description } = definition as { readonly description?: unknown };
      places.set(`${kind}:${name}`, { file, line, description: typeof description === "string" ? description : "" });
    }
  };
  add("source", sources);
  add("checks", checks);
  add("feature_view", featureViews);
  add("training", trainings);
  add("service", services);
  add("monitor", monitors);
  for (const model of dbt.models) {
    const place = { file: model.path, line: 1, description: model.description };
    places.set(`table:${model.name}`, place);
    places.set(`tests:${model.name}`, { ...place, description: `What must hold of ${model.name}` });
  }
  for (const { name, file, line } of trainings) {
    const joined = { file, line, description: "Each row with its features as known at its time" };
    places.set(`table:${trainingTable(name)}`, joined);
    places.set(`scoring:${name}`, { file, line, description: `The test rows, scored into ${scoredTable(name)}` });
  }
  return places;
}
