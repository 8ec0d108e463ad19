import { nearest } from "@millwright/kernel";
import { planFeatures } from "@millwright/feature-store";
import { metricsOf } from "@millwright/monitoring";
import type { ServiceDefinition } from "@millwright/serving";
import type { TrainingDefinition } from "@millwright/training";
import { checkReferences as checkModels } from "@millwright/transformation";
import { place } from "./definitions/names.ts";
import { projectErrors } from "./errors.ts";
import type { Defined, Project } from "./load-project.ts";

/** Refuses a project whose definitions name what is not there, each with its file and line and the nearest name. */
export function checkProject(project: Project): void {
  const tables = new Set([...project.sources.map(({ name }) => name), ...project.dbt.models.map(({ name }) => name)]);
  checkModels(project.dbt, tables);
  refuseTwoMakers(project);
  refuseTwoServed(project);
  for (const view of project.featureViews)
    requireName(view, { what: "table", name: view.definition.from.name, known: tables });
  for (const checks of project.checks)
    requireName(checks, { what: "table", name: checks.definition.table.name, known: tables });
  const views = new Set([...project.featureViews, ...project.onDemandViews].map(({ name }) => name));
  for (const training of project.trainings) {
    requireName(training, { what: "table", name: training.definition.population.name, known: tables });
    for (const { view } of training.definition.features)
      requireName(training, { what: "feature view", name: view.name, known: views });
    requireTime(training);
  }
  refusePinnedOwn(project);
  const models = new Set(project.trainings.map(({ name }) => name));
  for (const monitor of project.monitors) {
    const { training, outcomes } = monitor.definition;
    requireName(monitor, { what: "training", name: training, known: models });
    if (outcomes !== undefined) requireName(monitor, { what: "table", name: outcomes.table.name, known: tables });
  }
  const services = new Set(project.services.map(({ name }) => name));
  for (const service of project.services) {
    const { function: declared, model } = service.definition;
    if (declared === undefined) requireName(service, { what: "model", name: modelName(model), known: models });
    for (const name of declared?.asks ?? []) requireName(service, { what: "service", name, known: services });
    for (const { view } of declared?.features ?? [])
      requireName(service, { what: "feature view", name: view.name, known: views });
    requireVersions(project, service);
    requireLabels(project, service);
  }
}

/** `late-flights@champion` names the model `late-flights`. */
export function modelName(reference: string): string {
  return reference.split("@")[0] ?? reference;
}

/** A service's variants are versions of its model: a graph or a function takes and answers otherwise, and is none. */
function requireVersions({ graphs, services }: Project, service: Defined<ServiceDefinition>): void {
  const { traffic, model } = service.definition;
  if (traffic === undefined) return;
  const { weights = {}, shadow, rollout } = traffic;
  const own = model.split("@")[1] ?? "champion";
  const shadowed = typeof shadow === "string" ? shadow : shadow?.variant;
  const variants = new Set([...Object.keys(weights), shadowed, rollout?.variant].filter((name) => name !== own));
  const graph = graphs.find(({ name }) => variants.has(name));
  const other = services.find(({ name, definition }) => definition.function !== undefined && variants.has(name));
  const found = graph ?? other;
  if (found === undefined) return;
  const what = graph === undefined ? "a function" : "an inference graph";
  throw projectErrors.create("project/invalid-definition", {
    because: `${place(service)}: the traffic of ${service.name} names ${found.name}, which is ${what} and no version of ${modelName(model)}`,
    where: { file: service.file, line: service.line },
    remedy:
      "Name an alias of the model. To share requests among graphs and functions, define a graph of them whose node is a Splitter.",
  });
}

/** A rollout that goes by labels needs a monitor of its model that says where they arrive, and a metric that they tell. */
function requireLabels({ monitors, trainings }: Project, service: Defined<ServiceDefinition>): void {
  const labels = service.definition.traffic?.rollout?.labels;
  if (labels === undefined) return;
  requireName(service, { what: "monitor", name: labels.monitor, known: new Set(monitors.map(({ name }) => name)) });
  const monitor = monitors.find(({ name }) => name === labels.monitor)?.definition;
  const model = modelName(service.definition.model);
  const task = trainings.find(({ name }) => name === model)?.definition.trainer.objective;
  const metrics = task === undefined ? [] : metricsOf(task);
  const problem =
    monitor?.training !== model
      ? { because: `is of ${monitor?.training}, and not of ${model}`, remedy: `Name a monitor of ${model}.` }
      : monitor.outcomes === undefined
        ? { because: "has no outcomes", remedy: "Say in the monitor where labels arrive: `outcomes`." }
        : metrics.includes(labels.metric)
          ? undefined
          : { because: `tells no ${labels.metric} of ${model}`, remedy: `It tells ${metrics.join(", ")}.` };
  if (problem === undefined) return;
  throw projectErrors.create("project/invalid-definition", {
    because: `${place(service)}: the rollout of ${service.name} goes by the monitor ${labels.monitor}, which ${problem.because}`,
    where: { file: service.file, line: service.line },
    remedy: problem.remedy,
  });
}

/** What a view knew at a row's time cannot be told of rows without one. */
function requireTime(training: Defined<TrainingDefinition>): void {
  const [join] = planFeatures(training.definition.features).joins;
  if (training.definition.timestamp !== undefined || join === undefined) return;
  throw projectErrors.create("project/invalid-definition", {
    because: `${place(training)}: ${training.name} takes features of ${join.view.name} and names no timestamp`,
    where: { file: training.file, line: training.line },
    remedy: "Name the population's column of times: `timestamp`. The view's newest row by then counts.",
  });
}

function requireName(
  by: Defined<unknown>,
  { what, name, known }: { readonly what: string; readonly name: string; readonly known: ReadonlySet<string> },
): void {
  if (known.has(name)) return;
  const meant = nearest(name, known);
  throw projectErrors.create("project/unknown-reference", {
    because: `${place(by)}: ${by.name} names the ${what} ${name}, which there is not${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    where: { file: by.file, line: by.line },
  });
}

/** A service and a graph are asked at one address. */
function refuseTwoServed({ services, graphs }: Project): void {
  for (const graph of graphs) {
    const service = services.find(({ name }) => name === graph.name);
    if (service === undefined) continue;
    throw projectErrors.create("project/duplicate-name", {
      because: `the service at ${place(service)} and the graph at ${place(graph)} are both served as ${graph.name}`,
      where: { file: graph.file, line: graph.line },
    });
  }
}

/** What the project serves by itself never makes room: a pin of it is meant for something else. */
function refusePinnedOwn({ settings, services, graphs }: Project): void {
  const own = new Set([...services, ...graphs].map(({ name }) => name));
  const name = settings.limits.pinnedModels?.find((pinned) => own.has(pinned));
  if (name === undefined) return;
  throw projectErrors.create("project/invalid-definition", {
    because: `millwright.ts: limits.pinnedModels names ${name}, which the project serves by itself`,
    where: { file: "millwright.ts", line: 1 },
    remedy:
      "Pin models that documents ask for; a service stays in any case, and so do the models of the project's graphs.",
  });
}

/** A source and a model of one name would be one table with two makers. */
function refuseTwoMakers({ sources, dbt }: Project): void {
  for (const source of sources) {
    const model = dbt.models.find(({ name }) => name === source.name);
    if (model === undefined) continue;
    throw projectErrors.create("project/duplicate-name", {
      because: `the source at ${place(source)} and the model ${model.path} both make the table ${source.name}`,
      where: { file: model.path, line: 1 },
    });
  }
}
