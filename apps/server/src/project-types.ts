import type { Column } from "@millwright/kernel";
import { planFeatures } from "@millwright/feature-store";
import type { Lakehouse } from "@millwright/lakehouse";
import { modelName, renderTypes, type Project, type TypedSurface } from "@millwright/project";
import { RESPONSE_COLUMNS } from "@millwright/serving";
import { requestOf, type TrainingDefinition } from "@millwright/training";
import { compileModel } from "@millwright/transformation";

/** What a project's columns, features and services are typed as: sources as declared, models as the engine describes them. */
export async function surfaceOf(project: Project, lakehouse: Lakehouse): Promise<TypedSurface> {
  const tables = await tableColumns(project, lakehouse);
  const featureViews = Object.fromEntries(
    project.featureViews.map(({ name, definition }) => {
      const columns = tables[definition.from.name] ?? [];
      return [
        name,
        definition.features.map((feature) => ({
          name: feature,
          type: columns.find((column) => column.name === feature)?.type ?? "double",
        })),
      ];
    }),
  );
  const models = Object.fromEntries(
    project.trainings.map(({ name, definition }) => [
      name,
      {
        features: planFeatures(definition.features).features.map((feature) => ({ name: feature.name, type: "float" })),
      },
    ]),
  );
  const services = Object.fromEntries(
    project.services.flatMap(({ name, definition }) => {
      const training = project.trainings.find((candidate) => candidate.name === modelName(definition.model));
      return training === undefined
        ? []
        : [[name, { request: requestColumns(training.definition, tables), response: RESPONSE_COLUMNS }]];
    }),
  );
  return { tables, featureViews, models, services };
}

export async function typesOf(project: Project, lakehouse: Lakehouse): Promise<string> {
  return renderTypes(await surfaceOf(project, lakehouse));
}

/** What a caller sends: the population's columns that the features are looked up by, as the population types them. */
function requestColumns(
  definition: TrainingDefinition,
  tables: Readonly<Record<string, readonly Column[]>>,
): readonly Column[] {
  const population = tables[definition.population.name] ?? [];
  return requestOf(definition).flatMap(({ name }) => {
    const column = population.find((candidate) => candidate.name === name);
    return column === undefined ? [] : [{ ...column, nullable: false }];
  });
}

/**
 * The columns of every source and model, without building anything: empty relations of the declared columns stand for the
 * sources, each model's SELECT is described over those before it.
 */
async function tableColumns(
  project: Project,
  lakehouse: Lakehouse,
): Promise<Readonly<Record<string, readonly Column[]>>> {
  const columns: Record<string, readonly Column[]> = {};
  const relations = new Map<string, string>();
  for (const { name, definition } of project.sources) {
    columns[name] = definition.columns;
    relations.set(name, lakehouse.emptyRelation(definition.columns));
  }
  const pending = new Map(project.dbt.models.map((model) => [model.name, model]));
  const visit = async (name: string): Promise<void> => {
    const model = pending.get(name);
    if (model === undefined) return;
    pending.delete(name);
    for (const ref of model.refs) await visit(ref);
    const relation = (table: string) => relations.get(table) ?? lakehouse.relation(table);
    const sql = compileModel(project.dbt, model, { relation, isIncremental: false });
    const described = (await lakehouse.describe(sql)).map((column) => {
      const doc = model.columns.find((declared) => declared.name === column.name)?.description;
      return doc === undefined || doc === "" ? column : { ...column, doc };
    });
    columns[name] = described;
    relations.set(name, lakehouse.emptyRelation(described));
  };
  for (const { name } of project.dbt.models) await visit(name);
  return columns;
}
