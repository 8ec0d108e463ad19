import { createHash } from "node:crypto";
import { trainingErrors } from "../errors.ts";
import type { ModelDescription, TreeModel } from "./tree-model.ts";

const MAGIC = "MWTREE02";
/** Before there were classes and categories: the head says `base`, and the objective is binary. */
const MAGIC_FIRST = "MWTREE01";
const MAX_META_BYTES = 16 * 1024 * 1024;

/** The arrays in the order in which they are written, and how each is read again. */
const ARRAYS = {
  roots: Int32Array,
  feature: Int32Array,
  threshold: Float32Array,
  set: Int32Array,
  sets: Uint32Array,
  left: Int32Array,
  right: Int32Array,
  value: Float32Array,
  gain: Float32Array,
  cover: Float32Array,
  missingLeft: Uint8Array,
} as const;
type ArrayName = keyof typeof ARRAYS;
const NAMES = Object.keys(ARRAYS) as readonly ArrayName[];

interface Meta extends ModelDescription {
  /** In the file's order; an older file lacks some. */
  readonly lengths: Readonly<Partial<Record<ArrayName, number>>>;
}

interface FirstMeta extends Pick<Meta, "features" | "lengths"> {
  readonly base: number;
}

/** The model's file: magic, length of the JSON head, head, the arrays little-endian one after another, SHA-256 of all before. */
export function encodeModel(model: TreeModel): Uint8Array {
  const { features, objective, classes, categories, bases } = model;
  const lengths = Object.fromEntries(NAMES.map((name) => [name, model[name].length])) as Meta["lengths"];
  const meta: Meta = { features, objective, classes, categories, bases, lengths };
  const json = Buffer.from(JSON.stringify(meta));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  const arrays = NAMES.map((name) => bytesOf(model[name]));
  const body = Buffer.concat([Buffer.from(MAGIC), size, json, ...arrays]);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

/** Reads a model file, also one of an older version. Throws `training/corrupt-model` for anything but a whole one. */
export function decodeModel(bytes: Uint8Array): TreeModel {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = buffer.subarray(0, MAGIC.length).toString("latin1");
  if (buffer.length < MAGIC.length + 36 || (magic !== MAGIC && magic !== MAGIC_FIRST))
    throw corrupt("it does not begin as one");
  const body = buffer.subarray(0, -32);
  if (!createHash("sha256").update(body).digest().equals(buffer.subarray(-32)))
    throw corrupt("its checksum does not hold");
  const metaBytes = body.readUInt32LE(MAGIC.length);
  if (metaBytes > MAX_META_BYTES || metaBytes > body.length) throw corrupt("its head is too long");
  const arrays = MAGIC.length + 4 + metaBytes;
  const { lengths, ...described } = readMeta(magic, body.subarray(MAGIC.length + 4, arrays));
  return { ...described, ...readArrays(body.subarray(arrays), lengths) };
}

type Arrays = Pick<TreeModel, ArrayName>;

/** Before there were sets, no node had one. */
function readArrays(bytes: Buffer, lengths: Meta["lengths"]): Arrays {
  const empty = Object.fromEntries(NAMES.map((name) => [name, new ARRAYS[name](0)])) as unknown as Arrays;
  let at = 0;
  const read = Object.entries(lengths).map(([name, length]) => {
    const make = ARRAYS[name as ArrayName];
    const end = at + length * make.BYTES_PER_ELEMENT;
    const copy = new Uint8Array(bytes.subarray(at, end)).buffer;
    at = end;
    return [name, new make(copy)];
  });
  const set = new Int32Array(lengths.feature ?? 0).fill(-1);
  return { ...empty, set, ...(Object.fromEntries(read) as Partial<Arrays>) };
}

function readMeta(magic: string, json: Buffer): Meta {
  const meta = JSON.parse(json.toString()) as Meta | FirstMeta;
  if (magic === MAGIC) return meta as Meta;
  const { features, lengths, base } = meta as FirstMeta;
  return { features, lengths, objective: "binary", classes: [], categories: {}, bases: [Math.fround(base)] };
}

function bytesOf(array: Int32Array | Uint32Array | Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function corrupt(because: string): Error {
  return trainingErrors.create("training/corrupt-model", { because });
}
