import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBDataChunk,
  type DuckDBValue,
} from "@duckdb/node-api";
import { textOfValue } from "../engine-values.ts";
import type { ColumnParts } from "./arrow-messages.ts";
import type { ArrowField, ArrowType } from "./arrow-type.ts";

/** The first rows of a chunk. */
export interface ChunkPart {
  readonly chunk: DuckDBDataChunk;
  readonly rows: number;
}

/** Lays down one column of some chunks. Numbers and times of a fixed width are copied as the engine has them. */
export function addColumn(
  parts: ColumnParts,
  chunks: readonly ChunkPart[],
  { index, field }: { readonly index: number; readonly field: ArrowField },
): void {
  const width = copiedWidth(field.type);
  const memories = width === undefined ? undefined : memoriesOf(chunks, index, width);
  if (memories === undefined)
    addValues(
      parts,
      field,
      chunks.flatMap(({ chunk, rows }) => chunk.getColumnValues(index).slice(0, rows)),
    );
  else addMemories(parts, memories);
}

interface Memory {
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** A bit a row, 1 for a value; null where all are values. */
  readonly valid: Uint8Array | null;
}

/** Bytes a value where the engine's memory is Arrow's. */
function copiedWidth(type: ArrowType): number | undefined {
  if (type.kind === "int" || type.kind === "float") return type.bits / 8;
  if (type.kind === "date") return 4;
  if (type.kind === "time" || type.kind === "timestamp") return 8;
  return type.kind === "decimal" ? 16 : undefined;
}

/** Undefined where a vector's values are of another width: small decimals. */
function memoriesOf(chunks: readonly ChunkPart[], index: number, width: number): readonly Memory[] | undefined {
  const memories: Memory[] = [];
  for (const { chunk, rows } of chunks) {
    const vector = chunk.getColumnVector(index);
    // The library keeps a vector's memory private; reading it here saves an object for each value.
    const data = (Reflect.get(vector, "items") ?? Reflect.get(vector, "dataView")) as ArrayBufferView | undefined;
    if (data === undefined || data.byteLength !== chunk.rowCount * width) return undefined;
    const bits = (Reflect.get(vector, "validity") as { data: BigUint64Array | null }).data;
    const valid = bits === null ? null : new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
    memories.push({ rows, bytes: new Uint8Array(data.buffer, data.byteOffset, rows * width), valid });
  }
  return memories;
}

function addMemories(parts: ColumnParts, memories: readonly Memory[]): void {
  const rows = memories.reduce((sum, memory) => sum + memory.rows, 0);
  const validity = new Validity(rows);
  const bytes = new Uint8Array(memories.reduce((sum, memory) => sum + memory.bytes.length, 0));
  let [row, at] = [0, 0];
  for (const memory of memories) {
    bytes.set(memory.bytes, at);
    if (memory.valid !== null)
      for (let one = 0; one < memory.rows; one += 1)
        if ((((memory.valid[one >> 3] ?? 0) >> (one & 7)) & 1) === 0) validity.markNull(row + one);
    row += memory.rows;
    at += memory.bytes.length;
  }
  parts.nodes.push({ rows, nulls: validity.nulls });
  parts.buffers.push(validity.bytes(), bytes);
}

/** A bit a row, the lowest first: 1 for a value. Without nulls there is no need of it. */
class Validity {
  readonly #bits: Uint8Array;
  nulls = 0;

  constructor(rows: number) {
    this.#bits = new Uint8Array(Math.ceil(rows / 8)).fill(0xff);
  }

  markNull(row: number): void {
    this.nulls += 1;
    const byte = row >> 3;
    this.#bits[byte] = (this.#bits[byte] ?? 0) & ~(1 << (row & 7));
  }

  bytes(): Uint8Array {
    return this.nulls === 0 ? new Uint8Array() : this.#bits;
  }
}

function addValues(parts: ColumnParts, field: ArrowField, values: readonly DuckDBValue[]): void {
  const validity = new Validity(values.length);
  for (const [row, value] of values.entries()) if (value === null) validity.markNull(row);
  parts.nodes.push({ rows: values.length, nulls: validity.nulls });
  parts.buffers.push(validity.bytes());
  const { type } = field;
  switch (type.kind) {
    case "utf8":
      return addBytes(parts, values, (value) => Buffer.from(textOfValue(value)));
    case "binary":
      return addBytes(parts, values, (value) => (value instanceof DuckDBBlobValue ? value.bytes : new Uint8Array()));
    case "bool":
      return void parts.buffers.push(bitsOf(values));
    case "list":
    case "map":
      return addLists(parts, field, values);
    case "fixed-list":
      return addItems(
        parts,
        field,
        values.flatMap((value) => padded(itemsOf(value), type.size)),
      );
    case "struct":
      return addStructs(parts, field, values);
    default:
      return void parts.buffers.push(numbersOf(type, values));
  }
}

function addBytes(parts: ColumnParts, values: readonly DuckDBValue[], of: (value: DuckDBValue) => Uint8Array): void {
  const each = values.map((value) => (value === null ? new Uint8Array() : of(value)));
  const offsets = offsetsOf(each.map(({ length }) => length));
  parts.buffers.push(offsets, Buffer.concat(each));
}

function offsetsOf(lengths: readonly number[]): Uint8Array {
  const offsets = new Int32Array(lengths.length + 1);
  let at = 0;
  for (const [row, length] of lengths.entries()) offsets[row + 1] = at += length;
  return new Uint8Array(offsets.buffer);
}

function bitsOf(values: readonly DuckDBValue[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [row, value] of values.entries()) {
    const byte = row >> 3;
    if (value === true) bits[byte] = (bits[byte] ?? 0) | (1 << (row & 7));
  }
  return bits;
}

function addLists(parts: ColumnParts, field: ArrowField, values: readonly DuckDBValue[]): void {
  const items = values.map(itemsOf);
  parts.buffers.push(offsetsOf(items.map(({ length }) => length)));
  addItems(parts, field, items.flat());
}

function addItems(parts: ColumnParts, { children: [item] }: ArrowField, items: readonly DuckDBValue[]): void {
  if (item !== undefined) addValues(parts, item, items);
}

/** What is in a list, or the pairs of a map as structs. */
function itemsOf(value: DuckDBValue): readonly DuckDBValue[] {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items;
  if (value instanceof DuckDBMapValue)
    return value.entries.map(({ key, value: own }) => new DuckDBStructValue({ key, value: own }));
  return [];
}

function padded(items: readonly DuckDBValue[], size: number): readonly DuckDBValue[] {
  return items.length === size ? items : Array.from({ length: size }, () => null);
}

function addStructs(parts: ColumnParts, { children }: ArrowField, values: readonly DuckDBValue[]): void {
  for (const child of children)
    addValues(
      parts,
      child,
      values.map((value) => (value instanceof DuckDBStructValue ? (value.entries[child.name] ?? null) : null)),
    );
}

type FixedType = Exclude<
  ArrowType,
  { readonly kind: "utf8" | "binary" | "bool" | "list" | "map" | "fixed-list" | "struct" }
>;

function numbersOf(type: FixedType, values: readonly DuckDBValue[]): Uint8Array {
  const width = type.kind === "interval" ? 16 : (copiedWidth(type) ?? 0);
  const view = new DataView(new ArrayBuffer(values.length * width));
  for (const [row, value] of values.entries()) if (value !== null) setNumber(view, row * width, { type, value });
  return new Uint8Array(view.buffer);
}

function setNumber(
  view: DataView,
  at: number,
  { type, value }: { readonly type: FixedType; readonly value: DuckDBValue },
): void {
  if (type.kind === "float") {
    if (type.bits === 32) view.setFloat32(at, Number(value), true);
    else view.setFloat64(at, Number(value), true);
  } else if (value instanceof DuckDBIntervalValue) {
    view.setInt32(at, value.months, true);
    view.setInt32(at + 4, value.days, true);
    view.setBigInt64(at + 8, value.micros * 1_000n, true);
  } else {
    const exact = exactOf(value);
    const width = copiedWidth(type) ?? 0;
    // Two's complement from the lowest byte on: signed and unsigned alike.
    if (width === 1) view.setInt8(at, Number(BigInt.asIntN(8, exact)));
    else if (width === 2) view.setInt16(at, Number(BigInt.asIntN(16, exact)), true);
    else if (width === 4) view.setInt32(at, Number(BigInt.asIntN(32, exact)), true);
    else view.setBigInt64(at, BigInt.asIntN(64, exact), true);
    if (width === 16) view.setBigInt64(at + 8, exact >> 64n, true);
  }
}

/** A whole number, in the unit of its type. */
function exactOf(value: DuckDBValue): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return BigInt(value);
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBDateValue) return BigInt(value.days);
  if (value instanceof DuckDBTimeValue || value instanceof DuckDBTimestampValue) return value.micros;
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBTimestampSecondsValue) return value.seconds;
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis;
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos;
  throw new Error("a value is not of its column's type");
}
