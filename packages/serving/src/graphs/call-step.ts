import { isMillError, toProblem, type Clock } from "@millwright/kernel";
import { answerBody } from "../inference/answer-body.ts";
import type { AskModel } from "../inference/ask-model.ts";
import { inferenceErrors } from "../inference/errors.ts";
import { given } from "../inference/inputs.ts";
import type { AskedBy } from "../inference/ports.ts";
import { parseObject, withWholeNumbers } from "../inference/rest/infer-request.ts";
import { inputsOfV1, predictionsOf } from "../inference/rest/kserve-v1.ts";
import type { ModelDirectory, ServedModel } from "../inference/served-model.ts";
import { fittedInputs } from "./fit-inputs.ts";
import { jsonMessage, tensorMessage, type Message } from "./message.ts";
import type { StepAnswer } from "./run-graph.ts";

export interface LocalStepPorts {
  readonly ask: AskModel;
  readonly models: () => ModelDirectory;
  readonly clock: Clock;
}

interface LocalCall {
  /** The graph that asks. */
  readonly asker: string;
  /** The model that is asked. */
  readonly name: string;
  readonly by: AskedBy;
}

/** What ends the whole, whoever throws it: nobody waits, or nobody could ever answer. */
const ENDS = new Set(["inference/deadline", "inference/cancelled", "inference/circle"]);

/** Asks a model of this server. What it refuses is a step's answer as another server would have given it. */
export async function callLocal(ports: LocalStepPorts, call: LocalCall, request: Message): Promise<StepAnswer> {
  try {
    return request.tensors === undefined
      ? await callWithBody(ports, call, request)
      : await callWithTensors(ports, call, request);
  } catch (error) {
    if (isMillError(error) && ENDS.has(error.code)) throw error;
    return failedWith(error);
  }
}

/** An error as the answer of a server. */
function failedWith(error: unknown): StepAnswer {
  const { exit: _exit, ...problem } = toProblem(error);
  const body = { error: `${problem.title}: ${problem.detail}`, ...problem };
  return { status: problem.status, message: jsonMessage(JSON.stringify(body)), error };
}

async function callWithTensors({ ask }: LocalStepPorts, { asker, name, by }: LocalCall, { tensors = [] }: Message) {
  const inputs = ({ model }: ServedModel) => fittedInputs(tensors, model.inputs).map(given);
  const { served, outputs } = await ask({ asker, name, inputs }, by);
  const told = { id: by.id, model_name: served.name, model_version: served.version };
  return { status: 200, message: tensorMessage("outputs", outputs, told) };
}

async function callWithBody({ ask, models, clock }: LocalStepPorts, { asker, name, by }: LocalCall, request: Message) {
  const served = await models().obtain(name);
  if (served.model.answerBody !== undefined) {
    const through = [...(by.through ?? []), asker];
    if (through.includes(name))
      throw inferenceErrors.create("inference/circle", { because: [...through, name].join(" asks ") });
    const asked = { body: request.text(), by: { ...by, through }, arrivedMs: clock.monotonicMs() };
    const { status, body } = await answerBody(served, asked, { clock });
    return { status, message: jsonMessage(body) };
  }
  const bytes = Buffer.from(request.text());
  const { outputs } = await withWholeNumbers((exact) => {
    const inputs = ({ model }: ServedModel) => inputsOfV1(parseObject(bytes, exact), model.inputs);
    return ask({ asker, name, inputs }, by);
  });
  return { status: 200, message: jsonMessage(predictionsOf(outputs)) };
}
