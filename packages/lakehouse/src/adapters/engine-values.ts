import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBStructValue,
  type DuckDBDataChunk,
  type DuckDBResult,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { Column } from "@millwright/kernel";
import { storedType } from "../domain/types.ts";
import type { ColumnVector, SqlValue } from "../ports.ts";

/** A value as it crosses the process: 64-bit integers as numbers where exact, times and decimals as text. */
export function sqlValue(value: DuckDBValue): SqlValue {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (typeof value === "bigint")
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(sqlValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, inner]) => [key, sqlValue(inner)]));
  }
  return String(value);
}

/** A value in letters, as it stands in CSV: what is within another as JSON. */
export function textOfValue(value: DuckDBValue): string {
  const plain = sqlValue(value);
  if (plain === null) return "";
  if (plain instanceof Uint8Array) return `0x${plain.toHex()}`;
  return typeof plain === "object" ? jsonOf(plain) : String(plain);
}

/** Values as JSON: integers beyond 2^53 as text, bytes in hexadecimal. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === "bigint") return inner.toString();
    return inner instanceof Uint8Array ? `0x${inner.toHex()}` : inner;
  });
}

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array;

interface NumberKind {
  readonly type: string;
  make(length: number): Numbers;
}

const NUMBERS: Readonly<Record<string, NumberKind>> = {
  FLOAT: { type: "float", make: (length) => new Float32Array(length) },
  DOUBLE: { type: "double", make: (length) => new Float64Array(length) },
  INTEGER: { type: "int", make: (length) => new Int32Array(length) },
  BIGINT: { type: "long", make: (length) => new BigInt64Array(length) },
  TIMESTAMP: { type: "timestamp", make: (length) => new BigInt64Array(length) },
};

/** Gathers one column of several chunks into one vector. Typed memory is copied whole; all else goes value by value as text. */
export function gatherColumn(
  chunks: readonly DuckDBDataChunk[],
  {
    index,
    name,
    duckdbType,
    rows,
  }: { readonly index: number; readonly name: string; readonly duckdbType: string; readonly rows: number },
): ColumnVector {
  const kind = NUMBERS[duckdbType];
  return kind === undefined
    ? { name, type: "string", values: chunks.flatMap((chunk) => chunk.getColumnValues(index).map(text)) }
    : { name, type: kind.type, ...gatherNumbers(chunks, { index, rows, kind }) };
}

function gatherNumbers(
  chunks: readonly DuckDBDataChunk[],
  { index, rows, kind }: { readonly index: number; readonly rows: number; readonly kind: NumberKind },
): { values: Numbers; valid?: Uint8Array } {
  const values = kind.make(rows);
  let valid: Uint8Array | undefined;
  let offset = 0;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(index);
    // The library keeps a vector's memory private; reading it here saves an object for each value.
    const items = Reflect.get(vector, "items") as Numbers;
    values.set(items.subarray(0, chunk.rowCount) as never, offset);
    const validity = (Reflect.get(vector, "validity") as { data: BigUint64Array | null }).data;
    if (validity !== null) {
      valid ??= new Uint8Array(rows).fill(1);
      markNulls(validity, { into: valid, offset, count: chunk.rowCount });
    }
    offset += chunk.rowCount;
  }
  return valid === undefined ? { values } : { values, valid };
}

function markNulls(
  bits: BigUint64Array,
  { into, offset, count }: { readonly into: Uint8Array; readonly offset: number; readonly count: number },
): void {
  const bytes = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
  for (let row = 0; row < count; row += 1) {
    if ((((bytes[row >> 3] ?? 0) >> (row & 7)) & 1) === 0) into[offset + row] = 0;
  }
}

function text(value: DuckDBValue): string | null {
  return value === null ? null : String(value);
}

/** The columns of a result, by the types that they would be stored with. */
export function columnsOf(result: DuckDBResult): readonly Column[] {
  const types = result.columnTypes();
  return result.columnNames().map((name, index) => ({ name, type: looseType(String(types[index]), name) }));
}

/** The stored type, or DuckDB's own name for what no table holds but a query may answer. */
function looseType(type: string, name: string): string {
  try {
    return storedType(type, name).iceberg;
  } catch {
    return type;
  }
}
