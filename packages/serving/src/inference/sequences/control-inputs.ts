import { arrayOf, type TensorData } from "../datatype.ts";
import type { SequenceConfig } from "../model-config.ts";
import { cannotLoad } from "../model-folder.ts";
import type { InferenceModel } from "../ports.ts";
import type { Tensor, TensorSpec } from "../tensor.ts";

/** Where in its sequence a request stands. */
export interface SequencePlace {
  readonly id: string;
  readonly isStart: boolean;
  readonly isEnd: boolean;
}

type Control = NonNullable<NonNullable<SequenceConfig["control_input"]>[number]["control"]>[number];

/** The inputs by which a model is told of its sequences, which no caller gives. */
export interface ControlInputs {
  readonly names: ReadonlySet<string>;
  tensors(place: SequencePlace): readonly Tensor[];
}

/** The control inputs of a configuration, as Triton has them. Throws `inference/cannot-load` where the model has them not. */
export function controlInputs({ control_input: told = [] }: SequenceConfig, model: InferenceModel): ControlInputs {
  const planned = told.map(({ name = "", control: [control, ...others] = [] }) => {
    const spec = model.inputs.find((input) => input.name === name);
    if (spec === undefined) throw cannotLoad(`its control_input ${JSON.stringify(name)} is no input of the model`);
    if (control === undefined || others.length > 0) throw cannotLoad(`its control_input ${name} has not one control`);
    return { spec, value: valueOf(control, spec) };
  });
  return {
    names: new Set(planned.map(({ spec }) => spec.name)),
    tensors: (place) => planned.map(({ spec, value }) => tensorOf(spec, value(place))),
  };
}

function tensorOf({ name, datatype, shape }: TensorSpec, value: number | bigint | string): Tensor {
  const sizes = shape.map((size) => Math.abs(size));
  return { name, datatype, shape: sizes, data: dataOf(datatype, value) };
}

function dataOf(datatype: TensorSpec["datatype"], value: number | bigint | string): TensorData {
  if (datatype === "BYTES") return [Buffer.from(String(value))];
  const data = new (arrayOf(datatype))(1);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  // A sequence that is named by a text has no number.
  const number = typeof value === "string" && !/^\d{1,20}$/.test(value) ? 0 : value;
  data.set([isBig ? BigInt(number) : Number(number)] as never);
  return data;
}

function valueOf(control: Control, spec: TensorSpec): (place: SequencePlace) => number | string {
  const { kind = "CONTROL_SEQUENCE_START" } = control;
  if (kind === "CONTROL_SEQUENCE_CORRID") return ({ id }) => id;
  const given = control.int32_false_true ?? control.fp32_false_true ?? control.bool_false_true?.map(Number) ?? [0, 1];
  const [no, yes] = given;
  if (no === undefined || yes === undefined || given.length !== 2)
    throw cannotLoad(`its control_input ${spec.name} has not two values, one for false and one for true`);
  if (kind === "CONTROL_SEQUENCE_READY") return () => yes;
  if (kind === "CONTROL_SEQUENCE_START") return ({ isStart }) => (isStart ? yes : no);
  if (kind === "CONTROL_SEQUENCE_END") return ({ isEnd }) => (isEnd ? yes : no);
  throw cannotLoad(`its control_input ${spec.name} is of the kind ${kind}, which is not known`);
}
