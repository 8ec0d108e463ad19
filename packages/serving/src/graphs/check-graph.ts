import { ROOT, ROUTER_TYPES, type GraphDefinition, type GraphNode, type GraphStep } from "./graph-definition.ts";

/** What is wrong with a graph, and where in it: the fields' names and places from the graph's own on. */
export interface GraphProblem {
  readonly path: readonly (string | number)[];
  readonly because: string;
}

const CONDITION_MAX = 4_096;
const STEPS_MAX = 1_000;
/** Nodes that each ask the next one twice double what one request asks with every node. */
export const QUESTIONS_MAX = 10_000;
const TARGETS = ["nodeName", "serviceName", "serviceUrl"] as const;

/** Checks a graph as KServe does when one is applied, and that it has no circle: that would never end. */
export function checkGraph({ nodes, propagateHeaders = [] }: Omit<GraphDefinition, "name">): readonly GraphProblem[] {
  const problems: GraphProblem[] = [];
  if (!Object.hasOwn(nodes, ROOT)) problems.push({ path: ["nodes"], because: "there is no node named root" });
  const steps = Object.values(nodes).reduce((sum, node) => sum + node.steps.length, 0);
  if (steps > STEPS_MAX) problems.push({ path: ["nodes"], because: `it has more than ${STEPS_MAX} steps` });
  for (const [name, node] of Object.entries(nodes)) {
    const path = ["nodes", name];
    problems.push(...checkNode(node).map((problem) => ({ ...problem, path: [...path, ...problem.path] })));
    for (const [at, { nodeName }] of node.steps.entries())
      if (nodeName !== undefined && !Object.hasOwn(nodes, nodeName))
        problems.push({
          path: [...path, "steps", at, "nodeName"],
          because: `there is no node ${JSON.stringify(nodeName)}`,
        });
  }
  const circle = circleIn(nodes);
  if (circle !== undefined)
    problems.push({ path: ["nodes", circle[0] ?? ROOT], because: `its nodes go in a circle: ${circle.join(" → ")}` });
  else if (questionsOf(nodes) > QUESTIONS_MAX)
    problems.push({ path: ["nodes"], because: `one request may ask more than ${QUESTIONS_MAX} times` });
  for (const [at, pattern] of propagateHeaders.entries())
    if (!isPattern(pattern)) problems.push({ path: ["propagateHeaders", at], because: "it is no regular expression" });
  return problems;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "i").source !== "";
  } catch {
    return false;
  }
}

function checkNode({ routerType, steps }: GraphNode): readonly GraphProblem[] {
  const problems: GraphProblem[] = steps.flatMap((step, at): readonly GraphProblem[] =>
    checkStep(step, routerType).map((problem) => ({ ...problem, path: ["steps", at, ...problem.path] })),
  );
  if (!ROUTER_TYPES.includes(routerType))
    problems.push({ path: ["routerType"], because: `it is none of ${ROUTER_TYPES.join(", ")}` });
  if (steps.length === 0) problems.push({ path: ["steps"], because: "there is no step" });
  for (const [at, { name }] of steps.entries())
    if (name !== undefined && steps.findIndex((other) => other.name === name) < at)
      problems.push({
        path: ["steps", at, "name"],
        because: `another step of the node is ${JSON.stringify(name)} too`,
      });
  if (routerType === "Splitter") problems.push(...checkWeights(steps));
  return problems;
}

function checkWeights(steps: readonly GraphStep[]): readonly GraphProblem[] {
  const missing = steps.findIndex(({ weight }) => weight === undefined);
  if (missing >= 0) return [{ path: ["steps", missing], because: "a splitter's step has no weight" }];
  const sum = steps.reduce((all, { weight = 0 }) => all + weight, 0);
  return sum === 100 ? [] : [{ path: ["steps"], because: `the weights are ${sum} together, and are to be 100` }];
}

function checkStep(step: GraphStep, routerType: string): readonly GraphProblem[] {
  const problems: GraphProblem[] = [];
  const targets = TARGETS.filter((target) => step[target] !== undefined && step[target] !== "");
  if (targets.length !== 1)
    problems.push({
      path: [],
      because: targets.length === 0 ? `it has none of ${TARGETS.join(", ")}` : `it has ${targets.join(" and ")}`,
    });
  const { weight, data, condition, dependency, serviceUrl } = step;
  if (weight !== undefined && !(Number.isSafeInteger(weight) && weight >= 0 && weight <= 100))
    problems.push({ path: ["weight"], because: "it is no whole number from 0 to 100" });
  if (dependency !== undefined && !["Soft", "Hard"].includes(dependency))
    problems.push({ path: ["dependency"], because: "it is neither Soft nor Hard" });
  if (data !== undefined && !["", "$request", "$response"].includes(data))
    problems.push({ path: ["data"], because: "it is neither $request nor $response" });
  if (condition !== undefined && condition.length > CONDITION_MAX)
    problems.push({ path: ["condition"], because: `it has more than ${CONDITION_MAX} characters` });
  if (routerType === "Switch" && (condition ?? "") === "")
    problems.push({ path: [], because: "a switch's step without a condition is never taken" });
  if (serviceUrl !== undefined && !isWebAddress(serviceUrl))
    problems.push({ path: ["serviceUrl"], because: "it is no address of http or https" });
  return problems;
}

function isWebAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && (url.protocol === "http:" || url.protocol === "https:");
}

/** How many models and addresses one request asks at the most, by all ways that it may take; `ofModel` is of one model. */
export function questionsOf(nodes: GraphDefinition["nodes"], ofModel: (name: string) => number = () => 1): number {
  const known = new Map<string, number>();
  const count = (name: string): number => {
    const found = known.get(name) ?? (nodes[name]?.steps ?? []).reduce((sum, step) => sum + ofStep(step), 0);
    known.set(name, found);
    return found;
  };
  const ofStep = ({ nodeName, serviceName }: GraphStep) => {
    if (nodeName !== undefined) return Object.hasOwn(nodes, nodeName) ? count(nodeName) : 0;
    return serviceName === undefined ? 1 : ofModel(serviceName);
  };
  // Those too that nothing leads to: their models are looked at.
  const counts = new Map(Object.keys(nodes).map((name) => [name, count(name)]));
  return counts.get(ROOT) ?? 0;
}

/** The first circle of nodes, as their names with the first one again at the end. */
function circleIn(nodes: GraphDefinition["nodes"]): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, through: readonly string[]): readonly string[] | undefined => {
    if (through.includes(name)) return [...through.slice(through.indexOf(name)), name];
    if (done.has(name) || !Object.hasOwn(nodes, name)) return undefined;
    for (const { nodeName } of nodes[name]?.steps ?? []) {
      const found = nodeName === undefined ? undefined : visit(nodeName, [...through, name]);
      if (found !== undefined) return found;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(nodes)) {
    const found = visit(name, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
