import protobuf from "protobufjs";

// The part of ONNX's schema that the tests' graphs need (onnx.proto3, field numbers as there).
const SCHEMA = `syntax = "proto3"; package onnx;
message StringStringEntryProto { string key = 1; string value = 2; }
message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; repeated StringStringEntryProto external_data = 13; int32 data_location = 14; }
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; int32 type = 20; }
message NodeProto { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorType tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message ModelProto { int64 ir_version = 1; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }`;

const TYPE = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("onnx.ModelProto");

const FLOAT = 1;

/** A value's name and sizes; a text is a dimension's name, -1 one without. */
interface Value {
  readonly name: string;
  readonly dims: readonly (number | string)[];
  readonly type?: number;
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly object[];
  readonly initializers?: readonly object[];
}

/** A graph as a file of ONNX. */
export function onnxFile({ inputs, outputs, nodes, initializers = [] }: Graph): Uint8Array {
  const message = {
    ir_version: 8,
    opset_import: [
      { domain: "", version: 15 },
      { domain: "ai.onnx.ml", version: 3 },
    ],
    graph: {
      name: "test",
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: initializers,
      node: nodes,
    },
  };
  return TYPE.encode(TYPE.fromObject(message)).finish();
}

function valueInfo({ name, dims, type = FLOAT }: Value): object {
  const dim = dims.map((size) =>
    typeof size === "string" ? { dim_param: size } : size < 0 ? {} : { dim_value: size },
  );
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

/** Attributes by their values: whole numbers, `{ floats }`, texts. */
export function attributes(given: Readonly<Record<string, unknown>>): readonly object[] {
  return Object.entries(given).map(([name, value]) => ({ name, ...valueOf(value) }));
}

function valueOf(value: unknown): object {
  if (typeof value === "number") return { type: 2, i: value };
  if (typeof value === "string") return { type: 3, s: Buffer.from(value) };
  if (!Array.isArray(value)) return { type: 6, ...(value as object) };
  if (typeof value[0] === "string") return { type: 8, strings: value.map((text) => Buffer.from(String(text))) };
  return { type: 7, ints: value };
}

export function tensor(name: string, dims: readonly number[], values: readonly number[]): object {
  return { name, dims, data_type: FLOAT, raw_data: new Uint8Array(Float32Array.from(values).buffer) };
}
