import { fromProblem, isMillError } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";
import type { AskedBy, InferenceModel } from "../inference/ports.ts";
import { nestedValues } from "../inference/rest/kserve-v1.ts";
import { isObject } from "../inference/rest/table.ts";
import { badRequest, quoted, type Tensor, type TensorSpec } from "../inference/tensor.ts";
import { callAddress } from "./call-address.ts";
import { callLocal, type LocalStepPorts } from "./call-step.ts";
import { targetOf, type GraphDefinition, type GraphStep } from "./graph-definition.ts";
import { ROWS_IN, ROWS_OUT } from "./graph-tensors.ts";
import { jsonMessage, tensorMessage, type Message } from "./message.ts";
import { runGraph, type StepAnswer, type StepPlace } from "./run-graph.ts";
import type { StepCounts } from "./step-counts.ts";
import { withinTime } from "./within-time.ts";

interface GraphPorts extends LocalStepPorts {
  readonly random: () => number;
}

export interface GraphParts {
  readonly definition: GraphDefinition;
  /** They go on when the graph's models are others than before. */
  readonly counts: StepCounts;
  readonly ports: GraphPorts;
}

/** How long another server's answer is waited for, where nobody says. */
const STEP_TIMEOUT_MS = 60_000;
/** W3C's trace context goes with every request. */
const TRACE_HEADERS = /^(?:traceparent|tracestate)$/;

/**
 * A graph as a model: over the Open Inference Protocol it takes and answers tensors, over KServe's first protocol what
 * KServe's router would. Its models are asked in this process.
 */
export function createGraphModel(
  { definition, counts, ports }: GraphParts,
  tensors: { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] },
): InferenceModel {
  const { name } = definition;
  const run = (request: Message, asked: AskedBy) => runOnce({ definition, counts, ports }, request, asked);
  return {
    platform: "kserve_inference_graph",
    backend: "millwright",
    ...tensors,
    infer: async (inputs, outputs, asked = {}) => {
      const answer = await run(requestOf(inputs, tensors.inputs, asked), asked);
      const failure = answer.error ?? (answer.status > 299 ? failedStep(name, answer) : undefined);
      if (failure !== undefined) throw failure;
      const found = answer.message.tensors ?? [rowsOf(answer.message)];
      return chosen(found, { outputs, declared: tensors.outputs });
    },
    answerBody: async (body, asked) => {
      const { status, message } = await run(jsonMessage(body), asked);
      return { status, body: message.text() };
    },
    graph: () => counts.view(),
    close: async () => {},
  };
}

async function runOnce(
  { definition, counts, ports }: GraphParts,
  request: Message,
  asked: AskedBy,
): Promise<StepAnswer> {
  const { name, nodes, timeoutMs = Number.POSITIVE_INFINITY } = definition;
  const { clock, random } = ports;
  const deadlineMs = Math.min(asked.deadlineMs ?? Number.POSITIVE_INFINITY, clock.monotonicMs() + timeoutMs);
  const by: AskedBy = deadlineMs === Number.POSITIVE_INFINITY ? asked : { ...asked, deadlineMs };
  const requireTime = ({ node, at }: StepPlace) => {
    const because = `step ${at} of ${node} in ${name}`;
    if (clock.monotonicMs() >= deadlineMs)
      throw inferenceErrors.create("inference/deadline", { because: `no time was left for ${because}` });
    if (asked.isCancelled?.() === true)
      throw inferenceErrors.create("inference/cancelled", { because: `its caller had gone before ${because}` });
  };
  const call = (step: GraphStep, message: Message) => callTarget({ definition, step, by, deadlineMs, ports }, message);
  const counted = async (place: StepPlace, work: () => Promise<StepAnswer>) => {
    const begunMs = clock.monotonicMs();
    let isFailed = true;
    try {
      const answer = await work();
      isFailed = answer.status > 299;
      return answer;
    } finally {
      counts.answered(place, { seconds: (clock.monotonicMs() - begunMs) / 1_000, isFailed });
    }
  };
  const running = runGraph(
    { nodes, random, call, counted, requireTime, onSkipped: (place) => counts.skipped(place) },
    request,
  );
  return withinTime(running, { deadlineMs, clock, because: `the graph ${name} was not done` });
}

interface TargetCall {
  readonly definition: GraphDefinition;
  readonly step: GraphStep;
  readonly by: AskedBy;
  readonly deadlineMs: number;
  readonly ports: GraphPorts;
}

function callTarget({ definition, step, by, deadlineMs, ports }: TargetCall, message: Message): Promise<StepAnswer> {
  const { name, stepTimeoutMs = STEP_TIMEOUT_MS } = definition;
  if (step.serviceUrl === undefined) return callLocal(ports, { asker: name, name: targetOf(step), by }, message);
  const timeoutMs = Math.min(stepTimeoutMs, deadlineMs - ports.clock.monotonicMs());
  const headers = propagated(definition, by);
  return callAddress({ url: step.serviceUrl, headers, timeoutMs, id: by.id }, message);
}

/** Of the caller's headers those whose names are like one of the patterns. */
function propagated({ propagateHeaders = [] }: GraphDefinition, { headers }: AskedBy): Record<string, string> {
  const patterns = [TRACE_HEADERS, ...propagateHeaders.map((pattern) => new RegExp(pattern, "i"))];
  const kept = Object.entries(headers?.() ?? {}).filter(
    ([name]) => !HOP_HEADERS.has(name) && patterns.some((pattern) => pattern.test(name)),
  );
  return Object.fromEntries(kept);
}

/** They are of one connection, or of the body that it carried. */
const HOP_HEADERS = new Set(
  "connection content-encoding content-length expect host inference-header-content-length keep-alive te trailer transfer-encoding upgrade".split(
    " ",
  ),
);

/** Rows that are JSON are a request of KServe's first protocol. */
function requestOf(inputs: readonly Tensor[], specs: readonly TensorSpec[], { id, parameters }: AskedBy): Message {
  const [only] = inputs;
  if (specs.length === 1 && specs[0]?.name === ROWS_IN && specs[0].datatype === "BYTES" && only !== undefined)
    return jsonMessage(`{"${ROWS_IN}":[${nestedValues(only).map(asJson).join(",")}]}`);
  return tensorMessage("inputs", inputs, { id, parameters });
}

function asJson(row: unknown): string {
  try {
    JSON.parse(String(row));
    return String(row);
  } catch {
    throw badRequest(`a row of ${ROWS_IN} is no JSON`);
  }
}

/** The predictions of an answer, each as JSON; else the whole of it. */
function rowsOf(message: Message): Tensor {
  const value = message.value();
  const predictions = isObject(value) && Array.isArray(value[ROWS_OUT]) ? value[ROWS_OUT] : undefined;
  const rows = predictions?.map((row) => JSON.stringify(row)) ?? [message.text()];
  return { name: ROWS_OUT, datatype: "BYTES", shape: [rows.length], data: rows.map((row) => Buffer.from(row)) };
}

/** All of the answer unless some are asked for: which there are is told by the way that a request took. */
function chosen(
  found: readonly Tensor[],
  { outputs, declared }: { readonly outputs: readonly string[]; readonly declared: readonly TensorSpec[] },
): readonly Tensor[] {
  if (outputs.length === declared.length && outputs.every((name, at) => name === declared[at]?.name)) return found;
  return outputs.map((name) => {
    const tensor = found.find((one) => one.name === name);
    if (tensor === undefined) throw badRequest(`what answered this request has no output ${quoted(name)}`);
    return tensor;
  });
}

/** Another server's refusal, with its status. */
function failedStep(name: string, { status, message }: StepAnswer): Error {
  const failed = inferenceErrors.create("inference/step-failed", {
    because: `in ${name} it answered ${status}: ${message.text().slice(0, 300)}`,
  });
  if (!isMillError(failed) || status < 400 || status > 599) return failed;
  const { code, title, because, remedy, exit } = failed;
  return fromProblem({ type: `urn:millwright:error:${code}`, title, detail: because, code, remedy, exit, status });
}
