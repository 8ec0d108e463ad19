import type { Clock, Logger } from "@millwright/kernel";
import type { AskModel } from "../inference/ask-model.ts";
import { inferenceErrors } from "../inference/errors.ts";
import { fullConfig } from "../inference/full-config.ts";
import { serveModel, type IndexEntry, type ModelDirectory, type ServedModel } from "../inference/served-model.ts";
import { quoted, type TensorSpec } from "../inference/tensor.ts";
import { describeAddress } from "./call-address.ts";
import { checkGraph, QUESTIONS_MAX, questionsOf } from "./check-graph.ts";
import { targetOf, type GraphDefinition } from "./graph-definition.ts";
import { createGraphModel } from "./graph-model.ts";
import { entries, exits, mergedInputs, mergedOutputs, type Doorstep } from "./graph-tensors.ts";
import { StepCounts } from "./step-counts.ts";

/** Models, and graphs of them beside them: each is asked by its name. */
export interface GraphModels extends ModelDirectory {
  /** Puts these graphs in the place of those before. Throws `inference/bad-graph`, and serves those before on. */
  apply(definitions: readonly GraphDefinition[]): void;
  /** The names of all graphs, also of those that another process of the server serves. */
  graphNames(): readonly string[];
}

export interface GraphModelsOptions {
  readonly ask: AskModel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Which graphs are served here, where a server is several processes; the others are asked as models are. */
  readonly isOwn?: ((name: string) => boolean) | undefined;
}

/** The only version of a graph. */
const VERSION = "1";

/** Serves graphs beside the models of a directory. What a graph's tensors are is asked of its models when it is first asked. */
export function withGraphs(base: ModelDirectory, options: GraphModelsOptions): GraphModels {
  let graphs = new Map<string, Graph>();
  let names: readonly string[] = [];
  const graphOf = (name: string) => graphs.get(name);
  const directory: GraphModels = {
    apply: (definitions) => {
      requireSound(definitions);
      names = definitions.map(({ name }) => name);
      const before = graphs;
      const ports = { ...options, models: () => directory };
      graphs = new Map(
        definitions
          .filter(({ name }) => options.isOwn?.(name) ?? true)
          .map((definition) => {
            const known = before.get(definition.name);
            const isSame = known !== undefined && JSON.stringify(known.definition) === JSON.stringify(definition);
            return [definition.name, isSame ? known : new Graph(definition, ports)];
          }),
      );
      for (const [name, graph] of before) if (graphs.get(name) !== graph) graph.retire();
    },
    graphNames: () => names,
    index: async () => {
      const others = (await base.index()).filter(({ name }) => !graphs.has(name));
      const own = await Promise.all([...graphs.values()].map((graph) => graph.indexEntry()));
      return [...others, ...own].toSorted((one, other) => (one.name < other.name ? -1 : 1));
    },
    find: (name, version) => graphOf(name)?.find(version) ?? base.find(name, version),
    obtain: (name, version) => graphOf(name)?.obtain(version) ?? base.obtain(name, version),
    answers: (name) => graphOf(name)?.answers() ?? base.answers(name),
    versions: (name) => {
      const graph = graphOf(name);
      return graph === undefined ? base.versions(name) : [graph.find()];
    },
    served: () => [
      ...base.served().filter(({ name }) => !graphs.has(name)),
      ...[...graphs.values()].flatMap(({ served }) => (served === undefined ? [] : [served])),
    ],
    load: (name, given) => graphOf(name)?.load() ?? base.load(name, given),
    unload: (name) => graphOf(name)?.unload() ?? base.unload(name),
    residency: () => base.residency(),
    close: () => {
      for (const graph of graphs.values()) graph.retire();
      return base.close();
    },
  };
  return directory;
}

/** Throws `inference/bad-graph` for the first thing that is wrong. */
function requireSound(definitions: readonly GraphDefinition[]): void {
  for (const definition of definitions) {
    const [problem] = checkGraph(definition);
    if (problem !== undefined) throw badGraph(`${[definition.name, ...problem.path].join(".")}: ${problem.because}`);
  }
  const named = new Map(definitions.map((definition) => [definition.name, definition]));
  if (named.size < definitions.length) throw badGraph("two graphs have one name");
  const known = new Map<string, number>();
  const visit = (name: string, through: readonly string[]): number => {
    if (through.includes(name)) throw badGraph(`the graphs go in a circle: ${[...through, name].join(" → ")}`);
    const { nodes } = named.get(name) ?? {};
    if (nodes === undefined) return 1;
    const questions = known.get(name) ?? questionsOf(nodes, (other) => visit(other, [...through, name]));
    if (questions > QUESTIONS_MAX)
      throw badGraph(`one request of ${name} may ask more than ${QUESTIONS_MAX} times, its models' graphs included`);
    known.set(name, questions);
    return questions;
  };
  for (const name of named.keys()) visit(name, []);
}

function badGraph(because: string): Error {
  return inferenceErrors.create("inference/bad-graph", { because });
}

/** One graph, with the model that it is as long as its own models are the same. */
class Graph {
  readonly definition: GraphDefinition;
  readonly #ports: GraphModelsOptions & { readonly models: () => ModelDirectory };
  readonly #counts: StepCounts;
  served: ServedModel | undefined;
  /** By which loads of its models its tensors were told. */
  #loads = new Map<string, number>();
  #opening: Promise<ServedModel> | undefined;
  #reason = "it has not been asked yet";
  #isUnloaded = false;

  constructor(definition: GraphDefinition, ports: GraphModelsOptions & { readonly models: () => ModelDirectory }) {
    this.definition = definition;
    this.#ports = ports;
    this.#counts = new StepCounts(definition.nodes);
  }

  find(version?: string): ServedModel {
    const { name } = this.definition;
    if (version !== undefined && version !== "" && version !== VERSION)
      throw inferenceErrors.create("inference/unknown-model", {
        because: `${quoted(name)} is not served in version ${quoted(version)}`,
      });
    if (this.served !== undefined && !this.#isUnloaded) return this.served;
    throw inferenceErrors.create("inference/not-ready", { because: `${quoted(name)}: ${this.#reason}` });
  }

  async obtain(version?: string): Promise<ServedModel> {
    if (!this.#isUnloaded && (this.served === undefined || this.#isStale())) await this.#open();
    return this.find(version);
  }

  /** Whether all of its models of this server would answer. */
  async answers(): Promise<boolean> {
    if (this.#isUnloaded) return false;
    const asked = await Promise.all(this.#ownModels().map((name) => this.#hasModel(name)));
    return asked.every(Boolean);
  }

  async indexEntry(): Promise<IndexEntry> {
    const isReady = await this.answers();
    const missing = isReady ? undefined : await this.#firstMissing();
    const told = this.#isUnloaded ? this.#reason : `its model ${quoted(missing)} does not answer`;
    const { name } = this.definition;
    return { name, version: VERSION, state: isReady ? "READY" : "UNAVAILABLE", reason: isReady ? "" : told };
  }

  async load(): Promise<void> {
    this.#isUnloaded = false;
    await this.#open();
  }

  async unload(): Promise<void> {
    this.#isUnloaded = true;
    this.#reason = "it was unloaded";
    this.retire();
  }

  retire(): void {
    this.served?.retire();
    this.served = undefined;
  }

  #ownModels(): readonly string[] {
    const steps = Object.values(this.definition.nodes).flatMap((node) => node.steps);
    return [...new Set(steps.flatMap(({ serviceName }) => (serviceName === undefined ? [] : [serviceName])))];
  }

  async #firstMissing(): Promise<string | undefined> {
    for (const name of this.#ownModels()) if (!(await this.#hasModel(name))) return name;
    return undefined;
  }

  #hasModel(name: string): Promise<boolean> {
    return Promise.resolve()
      .then(() => this.#ports.models().answers(name))
      .catch(() => false);
  }

  /** Whether one of its models is another than told of its tensors; one that is not in memory now is not looked at. */
  #isStale(): boolean {
    for (const [name, load] of this.#loads) {
      try {
        if (this.#ports.models().find(name).load !== load) return true;
      } catch {
        // It is loaded again when it is asked.
      }
    }
    return false;
  }

  #open(): Promise<ServedModel> {
    this.#opening ??= this.#opened().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #opened(): Promise<ServedModel> {
    const { definition } = this;
    const { clock, logger } = this.#ports;
    try {
      const loads = new Map<string, number>();
      const tensors = await this.#tensors(loads);
      const model = createGraphModel({ definition, counts: this.#counts, ports: this.#ports }, tensors);
      const told = { name: definition.name, version: VERSION, model, bytes: 0 };
      const onCloseFailed = (error: unknown) => logger.error({ err: error }, "a graph could not be closed");
      const served = serveModel({ ...told, config: fullConfig(definition.name, {}, model) }, { clock, onCloseFailed });
      this.served?.retire();
      this.served = served;
      this.#loads = loads;
      return served;
    } catch (error) {
      this.#reason = error instanceof Error ? error.message : "its models do not tell their tensors";
      throw inferenceErrors.create("inference/not-ready", {
        because: `${quoted(definition.name)}: ${this.#reason}`,
        cause: error,
      });
    }
  }

  async #tensors(loads: Map<string, number>) {
    const { nodes } = this.definition;
    const describe = async ({ step, prefix }: Doorstep) => ({
      prefix,
      ...(await this.#describe(targetOf(step), loads)),
    });
    const given = await Promise.all(entries(nodes).map(describe));
    const answering = await Promise.all(exits(nodes).map(describe));
    return {
      inputs: mergedInputs(given.flatMap(({ inputs }) => (inputs === undefined ? [] : [inputs]))),
      outputs: mergedOutputs(answering),
    };
  }

  async #describe(
    target: string,
    loads: Map<string, number>,
  ): Promise<{ readonly inputs?: readonly TensorSpec[]; readonly outputs?: readonly TensorSpec[] | undefined }> {
    if (URL.canParse(target) && /^https?:/.test(target))
      return { outputs: undefined, ...(await describeAddress(target)) };
    const served = await this.#ports.models().obtain(target);
    loads.set(target, served.load);
    const { inputs, outputs } = served.model;
    return { inputs, outputs };
  }
}
