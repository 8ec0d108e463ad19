import { planFeatures } from "@millwright/feature-store";
import type { Task } from "@millwright/orchestration";
import { trainingTable, type TrainingDefinition } from "@millwright/training";
import type { ServiceDefinition } from "@millwright/serving";
import type { DbtModel, DbtTest } from "@millwright/transformation";
import { modelName } from "../check-references.ts";
import type { Defined, Project } from "../load-project.ts";
import { checksTask, modelTask, sourceTask, testsTask } from "./data-tasks.ts";
import { functionTask } from "./function-task.ts";
import { featureViewTask, scoringTask, serviceTask, trainingTableTask, trainingTask } from "./model-tasks.ts";
import { monitorTask } from "./monitor-task.ts";
import type { RoadParts } from "./parts.ts";

/** The project's road: what must be done, in which order, is read off what each definition names. */
export function compileRoad(project: Project, parts: RoadParts): readonly Task[] {
  const compiler = new RoadCompiler(project, parts);
  return compiler.tasks();
}

class RoadCompiler {
  readonly #project: Project;
  readonly #parts: RoadParts;
  readonly #models: ReadonlyMap<string, DbtModel>;
  readonly #testsOf: ReadonlyMap<string, readonly DbtTest[]>;

  constructor(project: Project, parts: RoadParts) {
    this.#project = project;
    this.#parts = parts;
    this.#models = new Map(project.dbt.models.map((model) => [model.name, model]));
    this.#testsOf = groupTests(project);
  }

  tasks(): readonly Task[] {
    const { sources, dbt, checks, featureViews, trainings, services, monitors } = this.#project;
    return [
      ...sources.map((source) => sourceTask(this.#project, this.#parts, source)),
      ...dbt.models.filter(({ config }) => config.materialized !== "ephemeral").map((model) => this.#model(model)),
      ...[...this.#testsOf].map(([model, tests]) =>
        testsTask(this.#parts, dbt, { model, tests, reads: this.#makersOf(tests.flatMap(({ reads }) => reads)) }),
      ),
      ...checks.map((declared) => checksTask(this.#parts, declared, this.#makersOf([declared.definition.table.name]))),
      ...featureViews.map((view) => featureViewTask(this.#parts, view, this.#upstream([view.definition.from.name]))),
      ...trainings.flatMap((training) => this.#training(training)),
      ...services.map((service) => this.#service(service)),
      ...monitors.flatMap((monitor) => {
        const training = trainings.find(({ name }) => name === monitor.definition.training);
        if (training === undefined) return [];
        const { outcomes } = monitor.definition;
        const reads = outcomes === undefined ? [] : this.#makersOf([outcomes.table.name]);
        return [monitorTask(this.#parts, monitor, { training: training.definition, reads })];
      }),
    ];
  }

  #model(model: DbtModel): Task {
    const tables = this.#tablesOf(model);
    return modelTask(this.#project, this.#parts, {
      model,
      reads: this.#makersOf(tables),
      waitsFor: this.#checksOf(tables, model.name),
    });
  }

  #training(training: Defined<TrainingDefinition>): readonly Task[] {
    const { definition } = training;
    const tables = [
      definition.population.name,
      ...planFeatures(definition.features).joins.map(({ view }) => view.from.name),
    ];
    return [
      trainingTableTask(this.#parts, training, this.#upstream(tables)),
      trainingTask(this.#parts, training),
      scoringTask(this.#parts, training),
    ];
  }

  #service(service: Defined<ServiceDefinition>): Task {
    const { function: declared } = service.definition;
    if (declared !== undefined) return functionTask(this.#parts, service, { projectDir: this.#project.dir, declared });
    const model = modelName(service.definition.model);
    const training = this.#project.trainings.find(({ name }) => name === model);
    const views = planFeatures(training?.definition.features ?? []).joins.map(
      ({ view }) => `feature_view:${view.name}`,
    );
    return serviceTask(this.#parts, service, {
      reads: [`training:${model}`],
      waitsFor: [...new Set(views)],
      population: training?.definition.population.name,
    });
  }

  #upstream(tables: readonly string[]): { readonly reads: readonly string[]; readonly waitsFor: readonly string[] } {
    return { reads: this.#makersOf(tables), waitsFor: this.#checksOf(tables) };
  }

  /** The tables a model reads, through ephemeral models to those that are stored. */
  #tablesOf(model: DbtModel): readonly string[] {
    const through = model.refs.flatMap((ref) => {
      const target = this.#models.get(ref);
      return target?.config.materialized === "ephemeral" ? this.#tablesOf(target) : [ref];
    });
    return [...new Set([...through, ...model.sources])];
  }

  #makersOf(tables: readonly string[]): readonly string[] {
    return [...new Set(tables)].map((table) => {
      if (this.#project.sources.some(({ name }) => name === table)) return `source:${table}`;
      return `table:${table}`;
    });
  }

  /** The tests that must hold before these tables are read, except those that themselves read what `forModel` makes. */
  #checksOf(tables: readonly string[], forModel?: string): readonly string[] {
    return [...new Set(tables)].flatMap((table) => {
      const declared = this.#project.checks
        .filter(({ definition }) => definition.table.name === table)
        .map(({ name }) => `checks:${name}`);
      const tests = this.#testsOf.get(table);
      const circular =
        forModel !== undefined &&
        tests?.some(({ reads }) => reads.some((read) => this.#reaches(read, forModel))) === true;
      return tests === undefined || circular ? declared : [...declared, `tests:${table}`];
    });
  }

  /** Whether a table is, or is made from, a model. */
  #reaches(table: string, model: string): boolean {
    if (table === model) return true;
    const maker = this.#models.get(table);
    return maker !== undefined && [...maker.refs, ...maker.sources].some((upstream) => this.#reaches(upstream, model));
  }
}

function groupTests({ dbt, trainings }: Project): ReadonlyMap<string, readonly DbtTest[]> {
  const groups = new Map<string, DbtTest[]>();
  const made = new Set(trainings.map(({ name }) => trainingTable(name)));
  for (const test of dbt.tests) {
    if (test.model === "" || made.has(test.model)) continue;
    groups.set(test.model, [...(groups.get(test.model) ?? []), test]);
  }
  return groups;
}
