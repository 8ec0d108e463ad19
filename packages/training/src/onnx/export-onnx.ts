import type { Objective } from "../judgement/metrics.ts";
import { outputsOf, type TreeModel } from "../model/tree-model.ts";
import { onnxNodes, type OnnxNode } from "./tree-nodes.ts";

// The part of ONNX's schema that a tree ensemble needs (onnx.proto3, field numbers as there).
const SCHEMA = `syntax = "proto3"; package onnx;
message AttributeProto { string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; int32 type = 20; }
message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; string domain = 7; }
message Dimension { int64 dim_value = 1; string dim_param = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TypeProto { TensorType tensor_type = 1; }
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message GraphProto { repeated NodeProto node = 1; string name = 2; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message StringStringEntryProto { string key = 1; string value = 2; }
message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; repeated StringStringEntryProto metadata_props = 14; }`;

const FLOAT = 1;
const TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

/** What the sums go through, and what comes out, by what was learned. */
const LINKS: Readonly<Record<Objective, { readonly operator: string; readonly output: string }>> = {
  binary: { operator: "Sigmoid", output: "probability" },
  squared: { operator: "Identity", output: "prediction" },
  softmax: { operator: "Softmax", output: "probabilities" },
};

/**
 * The model as ONNX: input `features` float32 [rows, F] in the model's order, NaN for missing, a categorical feature's
 * value as its place in `categories` of the metadata; output `probability` or `prediction` float32 [rows, 1], or
 * `probabilities` [rows, classes]. TreeEnsembleRegressor (ai.onnx.ml 3) with missing values tracked, then the link.
 */
export async function exportOnnx(model: TreeModel): Promise<Uint8Array> {
  const { default: protobuf } = await import("protobufjs");
  const type = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType("onnx.ModelProto");
  const { operator, output } = LINKS[model.objective];
  const { features, classes, categories } = model;
  const message = {
    ir_version: 8,
    producer_name: "millwright",
    opset_import: [
      { domain: "", version: 15 },
      { domain: "ai.onnx.ml", version: 3 },
    ],
    metadata_props: Object.entries({ features, classes, categories }).map(([key, value]) => ({
      key,
      value: JSON.stringify(value),
    })),
    graph: {
      name: "trees",
      input: [valueInfo("features", features.length)],
      output: [valueInfo(output, outputsOf(model))],
      node: [
        {
          op_type: "TreeEnsembleRegressor",
          domain: "ai.onnx.ml",
          input: ["features"],
          output: ["sums"],
          attribute: treeAttributes(model),
        },
        { op_type: operator, domain: "", input: ["sums"], output: [output] },
      ],
    },
  };
  return type.encode(type.fromObject(message)).finish();
}

function valueInfo(name: string, width: number): object {
  return {
    name,
    type: { tensor_type: { elem_type: FLOAT, shape: { dim: [{ dim_param: "rows" }, { dim_value: width }] } } },
  };
}

function treeAttributes(model: TreeModel): readonly object[] {
  const nodes = onnxNodes(model);
  const outputs = outputsOf(model);
  const leaves = nodes.filter(({ mode }) => mode === "LEAF");
  const ints = (name: string, from: readonly OnnxNode[], value: (node: OnnxNode) => number) => ({
    name,
    type: TYPE.ints,
    ints: from.map(value),
  });
  return [
    { name: "n_targets", type: TYPE.int, i: outputs },
    { name: "aggregate_function", type: TYPE.string, s: Buffer.from("SUM") },
    { name: "post_transform", type: TYPE.string, s: Buffer.from("NONE") },
    { name: "base_values", type: TYPE.floats, floats: model.bases },
    ints("nodes_treeids", nodes, ({ tree }) => tree),
    ints("nodes_nodeids", nodes, ({ number }) => number),
    ints("nodes_featureids", nodes, ({ feature }) => feature),
    { name: "nodes_values", type: TYPE.floats, floats: nodes.map(({ value }) => value) },
    { name: "nodes_modes", type: TYPE.strings, strings: nodes.map(({ mode }) => Buffer.from(mode)) },
    ints("nodes_truenodeids", nodes, ({ whenTrue }) => whenTrue),
    ints("nodes_falsenodeids", nodes, ({ whenFalse }) => whenFalse),
    ints("nodes_missing_value_tracks_true", nodes, ({ missingIsTrue }) => Number(missingIsTrue)),
    ints("target_treeids", leaves, ({ tree }) => tree),
    ints("target_nodeids", leaves, ({ number }) => number),
    ints("target_ids", leaves, ({ tree }) => tree % outputs),
    { name: "target_weights", type: TYPE.floats, floats: leaves.map(({ weight }) => weight) },
  ];
}
