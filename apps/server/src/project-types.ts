import type { Column } from "@millwright/kernel";
import { planFeatures } from "@millwright/feature-store";
import type { Lakehouse } from "@millwright/lakehouse";
import {
  modelName,
  renderTypes,
  writeTypes,
  type DefinitionNames,
  type Project,
  type TypedService,
  type TypedSurface,
  type WrittenTypes,
} from "@millwright/project";
import { refusalCodes, responseColumns, type FunctionData } from "@millwright/serving";
import type { Tracking } from "@millwright/tracking";
import { requestOf, type ClassLabel, type TrainingDefinition } from "@millwright/training";
import { asksDatabase, describedSelect, explainSqlError } from "@millwright/transformation";
import { openDescribed, type Described } from "./described.ts";
import { installation } from "./installation.ts";

/** What types are made of, beside the project's files. */
export interface TypeSources {
  readonly lakehouse: Pick<Lakehouse, DescribesTables>;
  /** Knows the classes that a service's model has learned. */
  readonly tracking: Pick<Tracking, "byAlias">;
}

type DescribesTables = "describe" | "emptyRelation" | "relation";

/** What a project's columns, features and services are typed as: sources as declared, models as the engine describes them. */
export async function surfaceOf(
  project: Project,
  { lakehouse, tracking }: TypeSources,
  described: Pick<Described, "describe"> = lakehouse,
): Promise<TypedSurface> {
  const tables = await tableColumns(project, lakehouse, described);
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
  const services: Record<string, TypedService> = {};
  for (const { name, definition } of project.services) {
    if (definition.function !== undefined) services[name] = functionColumns(definition.function);
    const training = project.trainings.find((candidate) => candidate.name === modelName(definition.model));
    if (training === undefined) continue;
    const classes = await learnedClasses(tracking, definition.model);
    services[name] = serviceColumns(training.definition, { tables, classes });
  }
  return { tables, featureViews, models, services };
}

/** The classes of the version that an alias means; none before the first was trained. */
async function learnedClasses(tracking: TypeSources["tracking"], model: string): Promise<readonly ClassLabel[]> {
  const [name = "", alias = "champion"] = model.split("@");
  const version = await tracking.byAlias(name, alias);
  const { classes = [] } = (version?.details ?? {}) as { readonly classes?: readonly ClassLabel[] };
  return classes;
}

export async function typesOf(project: Project, sources: TypeSources): Promise<string> {
  return renderTypes(await surfaceOf(project, sources));
}

/** Writes the project's types, and the names that completion offers, where they differ from what is there. */
export async function renewTypes(project: Project, sources: TypeSources): Promise<WrittenTypes> {
  const { typeRoots, millwrightPath } = installation();
  const described = await openDescribed(project.dir, sources.lakehouse);
  const surface = await surfaceOf(project, sources, described);
  const written = await writeTypes(project.dir, renderTypes(surface), {
    millwright: millwrightPath,
    typeRoots,
    names: namesOf(project, Object.keys(surface.tables)),
  });
  await described.save();
  return written;
}

function namesOf(project: Project, tables: readonly string[]): DefinitionNames {
  const named = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  return {
    table: tables,
    model: named(project.trainings),
    feature: [...named(project.featureViews), ...named(project.onDemandViews)],
    service: named(project.services),
    monitor: named(project.monitors),
  };
}

/** What a caller sends: the population's columns that the features are looked up by, as the population types them. */
function requestColumns(
  definition: TrainingDefinition,
  tables: Readonly<Record<string, readonly Column[]>>,
): readonly Column[] {
  const population = tables[definition.population.name] ?? [];
  return requestOf(definition).flatMap(({ name, nullable = true }) => {
    const column = population.find((candidate) => candidate.name === name);
    return column === undefined ? [] : [{ ...column, nullable }];
  });
}

/** What a function takes and answers with, as it declares it. */
function functionColumns({ request, response, features }: FunctionData): TypedService {
  const text = (field: string) => ({ name: field, type: "string", nullable: false });
  return {
    request,
    response: [text("id"), text("model_name"), text("model_version"), ...response],
    errors: refusalCodes(features, { isFunction: true }),
  };
}

/** What a service of this training takes and answers with. */
function serviceColumns(
  definition: TrainingDefinition,
  known: {
    readonly tables: Readonly<Record<string, readonly Column[]>>;
    readonly classes: readonly ClassLabel[];
  },
): TypedService {
  const { tables, classes } = known;
  const { population, label, trainer } = definition;
  const type = tables[population.name]?.find(({ name }) => name === label)?.type ?? "string";
  return {
    request: requestColumns(definition, tables),
    response: responseColumns(trainer.objective, { type, classes }),
    errors: refusalCodes(definition.features),
  };
}

/**
 * The columns of every source and model, without building anything: empty relations of the declared columns stand for the
 * sources, each model's SELECT is described over those before it.
 */
async function tableColumns(
  project: Project,
  lakehouse: Pick<Lakehouse, DescribesTables>,
  described: Pick<Described, "describe">,
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
    const options = { relation, isIncremental: false };
    // A model whose text hangs on what the database answers has the columns that it was last built with.
    const sql = await describedSelect(project.dbt, model, options).catch((error: unknown) => {
      if (asksDatabase(error)) return undefined;
      throw error;
    });
    if (sql === undefined) {
      columns[name] = await lakehouse.describe(`SELECT * FROM ${lakehouse.relation(name)}`).catch(() => []);
      return;
    }
    const found = await described.describe(sql).catch(async (error: unknown) => {
      throw await explainSqlError(error, { project: project.dbt, model, sql, options });
    });
    const documented = found.map((column) => {
      const doc = model.columns.find((declared) => declared.name === column.name)?.description;
      return doc === undefined || doc === "" ? column : { ...column, doc };
    });
    columns[name] = documented;
    relations.set(name, lakehouse.emptyRelation(documented));
  };
  for (const { name } of project.dbt.models) await visit(name);
  return columns;
}
