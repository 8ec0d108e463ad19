import { ProtoReader } from "./proto-reader.ts";
import type { Scratch } from "./scratch.ts";

// As much of onnx.proto3 as tells whether a graph is trees and nothing else; field numbers as there.

/** A tensor that goes into the graph or comes out of it. A dimension is its size, its name, or undefined. */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: number;
  readonly dimensions: readonly (number | string | undefined)[] | undefined;
}

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By name, each to be read as what it is. */
  readonly attributes: ReadonlyMap<string, ProtoReader>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A graph of a few nodes without weights beside them; undefined where a file has more. Throws an `Error` for what is no file of ONNX. */
export function readOnnxGraph(bytes: Uint8Array): OnnxGraph | undefined {
  const reader = new ProtoReader(bytes);
  let graph: OnnxGraph | undefined;
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === FIELD.modelFunctions || field === FIELD.modelTraining) return undefined;
    if (field !== FIELD.modelGraph || wire !== 2) reader.skip(wire);
    else if (graph !== undefined) return undefined;
    else graph = graphOf(reader.message());
    if (field === FIELD.modelGraph && graph === undefined) return undefined;
  }
  return graph;
}

const FIELD = { modelGraph: 7, modelTraining: 20, modelFunctions: 25 } as const;
const NODES_MAX = 4;

function graphOf(reader: ProtoReader): OnnxGraph | undefined {
  const [nodes, inputs, outputs]: [OnnxNode[], OnnxValue[], OnnxValue[]] = [[], [], []];
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    // Initializers, dense and sparse: weights of something else.
    if (field === 5 || field === 15) return undefined;
    if (field === 1) nodes.push(nodeOf(reader.message()));
    else if (field === 11) inputs.push(valueOf(reader.message()));
    else if (field === 12) outputs.push(valueOf(reader.message()));
    else reader.skip(wire);
    if (nodes.length > NODES_MAX) return undefined;
  }
  return { nodes, inputs, outputs };
}

function nodeOf(reader: ProtoReader): OnnxNode {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  let [operator, domain] = ["", ""];
  const attributes = new Map<string, ProtoReader>();
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 1) inputs.push(reader.text());
    else if (field === 2) outputs.push(reader.text());
    else if (field === 4) operator = reader.text();
    else if (field === 7) domain = reader.text();
    else if (field === 5) {
      const attribute = reader.message();
      attributes.set(nameOf(attribute.again()), attribute);
    } else reader.skip(wire);
  }
  return { operator, domain, inputs, outputs, attributes };
}

function nameOf(reader: ProtoReader): string {
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 1) return reader.text();
    reader.skip(wire);
  }
  return "";
}

function valueOf(reader: ProtoReader): OnnxValue {
  let [name, elementType] = ["", 0];
  let dimensions: OnnxValue["dimensions"];
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 1) name = reader.text();
    else if (field === 2) ({ elementType, dimensions } = tensorTypeOf(reader.message()));
    else reader.skip(wire);
  }
  return { name, elementType, dimensions };
}

function tensorTypeOf(type: ProtoReader): Pick<OnnxValue, "elementType" | "dimensions"> {
  let elementType = 0;
  let dimensions: OnnxValue["dimensions"];
  while (type.hasMore) {
    const { field, wire } = type.tag();
    if (field !== 1) {
      type.skip(wire);
      continue;
    }
    const tensor = type.message();
    while (tensor.hasMore) {
      const inner = tensor.tag();
      if (inner.field === 1) elementType = tensor.varint();
      else if (inner.field === 2) dimensions = dimensionsOf(tensor.message());
      else tensor.skip(inner.wire);
    }
  }
  return { elementType, dimensions };
}

function dimensionsOf(shape: ProtoReader): OnnxValue["dimensions"] {
  const found: (number | string | undefined)[] = [];
  while (shape.hasMore) {
    const { field, wire } = shape.tag();
    if (field === 1) found.push(dimensionOf(shape.message()));
    else shape.skip(wire);
  }
  return found;
}

function dimensionOf(dimension: ProtoReader): number | string | undefined {
  let found: number | string | undefined;
  while (dimension.hasMore) {
    const { field, wire } = dimension.tag();
    if (field === 1) found = dimension.varint();
    else if (field === 2) found = dimension.text();
    else dimension.skip(wire);
  }
  return found === "" ? undefined : found;
}

/** An attribute's one value. */
export function readInteger(attribute: ProtoReader): number {
  const reader = attribute.again();
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 3) return reader.varint();
    reader.skip(wire);
  }
  return 0;
}

export function readText(attribute: ProtoReader): string {
  const reader = attribute.again();
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === 4) return reader.text();
    reader.skip(wire);
  }
  return "";
}

/** An attribute's values. Throws an `Error` where one of them has more than 32 bits. */
export function readIntegers(attribute: ProtoReader, scratch: Scratch): Int32Array {
  const found = scratch.integers(countOf(attribute, { of: 8, each: (packed) => packed.countVarints() }));
  let at = 0;
  eachNumber(attribute.again(), {
    of: 8,
    take: (reader) => {
      const value = reader.varint();
      found[at] = value;
      if (found[at] !== value) throw new Error(`${value} has more than 32 bits`);
      at += 1;
    },
  });
  return found;
}

export function readFloats(attribute: ProtoReader, scratch: Scratch): Float32Array {
  const found = scratch.floats(countOf(attribute, { of: 7, each: (packed) => packed.length / 4 }));
  let at = 0;
  eachNumber(attribute.again(), {
    of: 7,
    take: (reader) => {
      found[at] = reader.float();
      at += 1;
    },
  });
  return found;
}

/** Of each of an attribute's texts a number by which short ones can be told apart; no text is made. */
export function readTextMarks(attribute: ProtoReader, scratch: Scratch): Int32Array {
  const found = scratch.integers(countOf(attribute, { of: 9, each: () => 1 }));
  const reader = attribute.again();
  let at = 0;
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field !== 9) {
      reader.skip(wire);
      continue;
    }
    const text = reader.message();
    let mark = 0;
    while (text.hasMore) mark = marked(mark, text.byte());
    found[at] = mark;
    at += 1;
  }
  return found;
}

export function textMark(text: string): number {
  return Buffer.from(text).reduce(marked, 0);
}

function marked(mark: number, byte: number): number {
  return (Math.imul(mark, 31) + byte) | 0;
}

interface Numbers<Result> {
  readonly of: number;
  /** Of numbers that are written one by one, once for each; of those behind one length, once for all. */
  readonly each: (reader: ProtoReader) => Result;
}

function countOf(attribute: ProtoReader, { of, each }: Numbers<number>): number {
  const reader = attribute.again();
  let count = 0;
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field === of && wire === 2) count += each(reader.message());
    else {
      if (field === of) count += 1;
      reader.skip(wire);
    }
  }
  return count;
}

function eachNumber(
  reader: ProtoReader,
  { of, take }: { readonly of: number; readonly take: (reader: ProtoReader) => void },
): void {
  while (reader.hasMore) {
    const { field, wire } = reader.tag();
    if (field !== of) reader.skip(wire);
    else if (wire !== 2) take(reader);
    else for (const packed = reader.message(); packed.hasMore;) take(packed);
  }
}
