import { createHash } from "node:crypto";
import { trainingErrors } from "../errors.ts";
import type { ModelDescription, TreeModel } from "./tree-model.ts";

const MAGIC = "MWTREE02";
/** Before there were classes and categories: no sets, the head says `base`, and the objective is binary. */
const MAGIC_FIRST = "MWTREE01";
const FIRST_ARRAYS = ["roots", "feature", "threshold", "left", "right", "value", "gain", "missingLeft"] as const;
const ARRAYS = [
  "roots",
  "feature",
  "threshold",
  "set",
  "sets",
  "left",
  "right",
  "value",
  "gain",
  "missingLeft",
] as const;
const MAX_META_BYTES = 16 * 1024 * 1024;

interface Meta extends ModelDescription {
  readonly lengths: Readonly<Record<(typeof ARRAYS)[number], number>>;
}

interface FirstMeta extends Pick<Meta, "features"> {
  readonly base: number;
  readonly lengths: Readonly<Record<(typeof FIRST_ARRAYS)[number], number>>;
}

/** The model's file: magic, length of the JSON head, head, the arrays little-endian one after another, SHA-256 of all before. */
export function encodeModel(model: TreeModel): Uint8Array {
  const { features, objective, classes, categories, bases } = model;
  const lengths = Object.fromEntries(ARRAYS.map((name) => [name, model[name].length])) as Meta["lengths"];
  const meta: Meta = { features, objective, classes, categories, bases, lengths };
  const json = Buffer.from(JSON.stringify(meta));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  const arrays = ARRAYS.map((name) => bytesOf(model[name]));
  const body = Buffer.concat([Buffer.from(MAGIC), size, json, ...arrays]);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

/** Reads a model file, also one of the first format. Throws `training/corrupt-model` for anything but a whole one. */
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
  let at = MAGIC.length + 4 + metaBytes;
  const meta = readMeta(magic, body.subarray(MAGIC.length + 4, at));
  const take = (name: (typeof ARRAYS)[number], width: 1 | 4): ArrayBuffer => {
    const end = at + meta.lengths[name] * width;
    const copy = new Uint8Array(body.subarray(at, end)).buffer;
    at = end;
    return copy;
  };
  const { lengths: _lengths, ...described } = meta;
  return {
    ...described,
    roots: new Int32Array(take("roots", 4)),
    feature: new Int32Array(take("feature", 4)),
    threshold: new Float32Array(take("threshold", 4)),
    ...(magic === MAGIC
      ? { set: new Int32Array(take("set", 4)), sets: new Uint32Array(take("sets", 4)) }
      : { set: new Int32Array(meta.lengths.feature).fill(-1), sets: new Uint32Array() }),
    left: new Int32Array(take("left", 4)),
    right: new Int32Array(take("right", 4)),
    value: new Float32Array(take("value", 4)),
    gain: new Float32Array(take("gain", 4)),
    missingLeft: new Uint8Array(take("missingLeft", 1)),
  };
}

function readMeta(magic: string, json: Buffer): Meta {
  const meta = JSON.parse(json.toString()) as Meta | FirstMeta;
  if (magic === MAGIC) return meta as Meta;
  const { features, lengths, base } = meta as FirstMeta;
  return {
    features,
    lengths: { ...lengths, set: 0, sets: 0 },
    objective: "binary",
    classes: [],
    categories: {},
    bases: [Math.fround(base)],
  };
}

function bytesOf(array: Int32Array | Uint32Array | Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function corrupt(because: string): Error {
  return trainingErrors.create("training/corrupt-model", { because });
}
