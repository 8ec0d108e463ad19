import type { Clock } from "@millwright/kernel";
import { arrayOf } from "../datatype.ts";
import { inferenceErrors } from "../errors.ts";
import type { ModelConfig, SequenceConfig } from "../model-config.ts";
import { cannotLoad } from "../model-folder.ts";
import { flag, type Parameters } from "../parameters.ts";
import type { AskedBy, InferenceModel } from "../ports.ts";
import { badRequest, quoted, type Tensor, type TensorSpec } from "../tensor.ts";
import { controlInputs, type SequencePlace } from "./control-inputs.ts";

/** What is known of a sequence that has begun and not ended. */
interface Sequence {
  /** Its last request: the next one comes behind it. */
  last: Promise<unknown>;
  waiting: number;
  askedMs: number;
  /** What the model is given back of what it answered last, by the input. */
  state: ReadonlyMap<string, Tensor>;
}

/** As Triton has it where a configuration says nothing: a second. */
const IDLE_MICROSECONDS = 1_000_000;
const SEQUENCES_MAX = 10_000;

/**
 * A model whose requests belong to sequences, by their parameters `sequence_id`, `sequence_start` and `sequence_end`: those of
 * one sequence are executed one after the other as they came, and told to the model by its control inputs; its `state` goes from
 * one to the next. A sequence ends with its last request or where none came for `max_sequence_idle_microseconds`. Throws
 * `inference/cannot-load` where the model has not what its configuration says.
 */
export function sequenceModel(
  model: InferenceModel,
  { config, clock }: { readonly config: ModelConfig; readonly clock: Pick<Clock, "monotonicMs"> },
): InferenceModel {
  const { sequence_batching: told } = config;
  if (told === undefined) return model;
  if (config.response_cache?.enable === true)
    throw cannotLoad("a model with sequence_batching answers by what came before: no response_cache can answer for it");
  const controls = controlInputs(told, model);
  const states = statesOf(told, model);
  const running = new Sequences(told, clock);
  const fed = new Set([...controls.names, ...states.map(({ input }) => input.name)]);
  const kept = new Set(states.map(({ output }) => output));
  return {
    ...model,
    inputs: model.inputs.filter(({ name }) => !fed.has(name)),
    outputs: model.outputs.filter(({ name }) => !kept.has(name)),
    infer: (inputs, outputs, asked = {}) =>
      running.inTurn(asked, async (place, sequence) => {
        const before = states.map(({ input }) => sequence.state.get(input.name) ?? zeroes(input));
        const given = [...inputs, ...controls.tensors(place), ...before];
        const ordered = model.inputs.flatMap(({ name }) => given.filter((tensor) => tensor.name === name));
        const within = { key: sequence, isStart: place.isStart, idleMs: running.idleMs };
        const answered = await model.infer(ordered, [...outputs, ...kept], { ...asked, sequence: within });
        const after = answered.slice(outputs.length);
        sequence.state = new Map(
          states.map(({ input }, at) => [input.name, { ...after[at], name: input.name } as Tensor]),
        );
        return answered.slice(0, outputs.length);
      }),
  };
}

function statesOf({ state = [] }: SequenceConfig, model: InferenceModel) {
  return state.map(({ input_name: name = "", output_name: output = "" }) => {
    const input = model.inputs.find((spec) => spec.name === name);
    const isThere = model.outputs.some((spec) => spec.name === output);
    if (input === undefined || !isThere)
      throw cannotLoad(`its state ${quoted(name)} of ${quoted(output)} is no input and output of the model`);
    return { input, output };
  });
}

function zeroes({ name, datatype, shape }: TensorSpec): Tensor {
  const sizes = shape.map((size) => Math.abs(size));
  const elements = sizes.reduce((all, size) => all * size, 1);
  const data = datatype === "BYTES" ? Array.from({ length: elements }, () => Buffer.alloc(0)) : undefined;
  return { name, datatype, shape: sizes, data: data ?? new (arrayOf(datatype as "FP32"))(elements) };
}

class Sequences {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly idleMs: number;
  readonly #most: number;
  readonly #running = new Map<string, Sequence>();
  #forgotMs = Number.NEGATIVE_INFINITY;

  constructor(config: SequenceConfig, clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.idleMs = (config.max_sequence_idle_microseconds || IDLE_MICROSECONDS) / 1_000;
    this.#most = config.oldest?.max_candidate_sequences || SEQUENCES_MAX;
  }

  /** Throws `inference/bad-request` for a request of no sequence, `inference/overloaded` where too many run. */
  async inTurn<Answer>(
    { parameters = {}, deadlineMs, isCancelled }: AskedBy,
    work: (place: SequencePlace, sequence: Sequence) => Promise<Answer>,
  ): Promise<Answer> {
    const place = placeOf(parameters);
    const sequence = this.#sequenceOf(place);
    sequence.waiting += 1;
    if (place.isEnd) this.#running.delete(place.id);
    const turn = sequence.last.then(() => {
      if (isCancelled?.() === true)
        throw inferenceErrors.create("inference/cancelled", { because: "its caller had gone before its turn came" });
      if (deadlineMs !== undefined && deadlineMs <= this.#clock.monotonicMs())
        throw inferenceErrors.create("inference/deadline", { because: "the requests before it took its time" });
      return work(place, sequence);
    });
    sequence.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      sequence.waiting -= 1;
      sequence.askedMs = this.#clock.monotonicMs();
    }
  }

  #sequenceOf({ id, isStart }: SequencePlace): Sequence {
    const now = this.#clock.monotonicMs();
    const found = this.#running.get(id);
    if (found !== undefined && this.#isIdle(found, now)) this.#running.delete(id);
    else if (found !== undefined && !isStart) return found;
    if (!isStart)
      throw badRequest(`the sequence ${quoted(id)} has not begun or has ended: its first request has sequence_start`);
    const isFull = this.#running.size >= this.#most;
    // Those that came to no end keep their state no longer than about twice that time.
    if (now - this.#forgotMs > this.idleMs || (isFull && !this.#running.has(id))) this.#forget(now);
    if (!this.#running.has(id) && this.#running.size >= this.#most)
      throw inferenceErrors.create("inference/overloaded", { because: `${this.#most} sequences run already` });
    // One that begins again follows what is under way of the one before it.
    const begun = { last: found?.last ?? Promise.resolve(), waiting: 0, askedMs: now, state: new Map() };
    this.#running.set(id, begun);
    return begun;
  }

  #forget(now: number): void {
    this.#forgotMs = now;
    for (const [id, sequence] of this.#running) if (this.#isIdle(sequence, now)) this.#running.delete(id);
  }

  #isIdle({ waiting, askedMs }: Sequence, now: number): boolean {
    return waiting === 0 && now - askedMs > this.idleMs;
  }
}

function placeOf(parameters: Parameters): SequencePlace {
  const { sequence_id: id } = parameters;
  const isNumber = typeof id === "bigint" || (typeof id === "number" && Number.isInteger(id));
  if ((!isNumber && typeof id !== "string") || id === "" || Number(id) === 0)
    throw badRequest("the model's requests belong to sequences: `sequence_id` is a number from 1 on, or a text");
  return { id: String(id), isStart: flag(parameters, "sequence_start"), isEnd: flag(parameters, "sequence_end") };
}
