import { inferenceErrors } from "../inference/errors.ts";
import { findPath } from "./condition/find-path.ts";
import { ROOT, type GraphNode, type GraphStep } from "./graph-definition.ts";
import { jsonMessage, mergedMessage, type Message } from "./message.ts";
import { isObject } from "../inference/rest/table.ts";

/** What a step or a node answered; `error` is what a model of this server threw. */
export interface StepAnswer {
  readonly status: number;
  readonly message: Message;
  readonly error?: unknown;
}

/** What a graph is run with. */
export interface GraphRun {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** From 0, below 1. */
  readonly random: () => number;
  /** Asks a step's target outside of the graph. Throws where the whole is to end. */
  readonly call: (step: GraphStep, request: Message) => Promise<StepAnswer>;
  /** Does a step's work, be its target a model or a node, and counts it. */
  readonly counted: (place: StepPlace, work: () => Promise<StepAnswer>) => Promise<StepAnswer>;
  /** Throws where nobody waits any more. */
  readonly requireTime: (place: StepPlace) => void;
  /** Is told of steps whose condition was not met. */
  readonly onSkipped: (place: StepPlace) => void;
}

export interface StepPlace {
  readonly node: string;
  readonly at: number;
}

/** Runs a graph from its root, as KServe's router does. Throws `inference/no-route`. */
export function runGraph(run: GraphRun, request: Message): Promise<StepAnswer> {
  return runNode(run, ROOT, request);
}

function runNode(run: GraphRun, name: string, request: Message): Promise<StepAnswer> {
  const node = run.nodes[name] ?? { routerType: "Sequence", steps: [] };
  const told = { name, steps: node.steps };
  switch (node.routerType) {
    case "Sequence":
      return inSequence(run, told, request);
    case "Ensemble":
      return together(run, told, request);
    case "Switch":
      return byCondition(run, told, request);
    case "Splitter":
      return byWeight(run, told, request);
  }
}

interface NamedSteps {
  readonly name: string;
  readonly steps: readonly GraphStep[];
}

function runStep(run: GraphRun, step: GraphStep, place: StepPlace, request: Message): Promise<StepAnswer> {
  run.requireTime(place);
  const { nodeName } = step;
  return run.counted(place, () => (nodeName === undefined ? run.call(step, request) : runNode(run, nodeName, request)));
}

function isFailed({ status }: StepAnswer): boolean {
  return status < 200 || status > 299;
}

/** A condition that is not met ends it with the answer before; a hard step that fails, with its own. */
async function inSequence(run: GraphRun, { name, steps }: NamedSteps, request: Message): Promise<StepAnswer> {
  let answer: StepAnswer | undefined;
  for (const [at, step] of steps.entries()) {
    const place = { node: name, at };
    const given = step.data === "$response" && answer !== undefined ? answer.message : request;
    const asked = step.mapPredictionsToInstances === true ? asInstances(given) : given;
    if ((step.condition ?? "") !== "") {
      if (answer === undefined) throw noRoute(`${name} has a condition before there is an answer that it could be of`);
      if (!isMet(step.condition, answer.message)) {
        run.onSkipped(place);
        return { status: 200, message: answer.message };
      }
    }
    answer = await runStep(run, step, place, asked);
    if (step.dependency === "Hard" && isFailed(answer)) return answer;
  }
  if (answer === undefined) throw noRoute(`${name} has no step`);
  return answer;
}

/** All at once; the first hard one that failed, in their order, answers for all. */
async function together(run: GraphRun, { name, steps }: NamedSteps, request: Message): Promise<StepAnswer> {
  const running = steps.map((step, at) => runStep(run, step, { node: name, at }, request));
  // What one throws ends the whole, and the others are not left to throw unheard.
  for (const one of running) one.catch(() => undefined);
  const answers: StepAnswer[] = [];
  for (const [at, one] of running.entries()) {
    const answer = await one;
    if (steps[at]?.dependency === "Hard" && isFailed(answer)) return answer;
    answers.push(answer);
  }
  for (const [at, { message }] of answers.entries())
    if (message.tensors === undefined && message.value() === undefined)
      throw inferenceErrors.create("inference/step-failed", {
        because: `step ${steps[at]?.name ?? at} of ${name} answered no JSON: it cannot stand beside the others`,
      });
  const keyed = answers.map(({ message }, at) => ({ key: steps[at]?.name ?? String(at), message }));
  // Nothing came of it at all: a caller of tensors is told why.
  const failed = answers.every(isFailed) ? answers[0]?.error : undefined;
  return { status: 200, message: mergedMessage(keyed), ...(failed === undefined ? {} : { error: failed }) };
}

async function byCondition(run: GraphRun, { name, steps }: NamedSteps, request: Message): Promise<StepAnswer> {
  const at = steps.findIndex(({ condition }) => isMet(condition, request));
  const step = steps[at];
  for (const passed of steps.slice(0, step === undefined ? undefined : at).keys())
    run.onSkipped({ node: name, at: passed });
  if (step === undefined) throw noRoute(`no condition of ${name} is met`);
  return runStep(run, step, { node: name, at }, request);
}

async function byWeight(run: GraphRun, { name, steps }: NamedSteps, request: Message): Promise<StepAnswer> {
  const point = Math.floor(run.random() * 100);
  let end = 0;
  for (const [at, step] of steps.entries()) {
    end += step.weight ?? 0;
    if (point < end) return runStep(run, step, { node: name, at }, request);
  }
  throw noRoute(`no weight of ${name} is left for the request`);
}

function isMet(condition: string | undefined, message: Message): boolean {
  const value = message.value();
  return value !== undefined && findPath(value, condition ?? "") !== undefined;
}

/** The predictions of an answer as the instances of a request, if there are any. */
function asInstances(message: Message): Message {
  if (message.tensors !== undefined) return message;
  const value = message.value();
  if (!isObject(value) || !Array.isArray(value["predictions"]) || value["predictions"].length === 0) return message;
  return jsonMessage(JSON.stringify({ instances: value["predictions"] }));
}

function noRoute(because: string): Error {
  return inferenceErrors.create("inference/no-route", { because });
}
