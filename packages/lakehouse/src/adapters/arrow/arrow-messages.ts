import { FlatBuilder, type FlatField, type Place } from "./flat-builder.ts";
import type { ArrowField, ArrowType } from "./arrow-type.ts";

// Messages of Arrow's streaming format: https://arrow.apache.org/docs/format/Columnar.html. The numbers are those of
// Message.fbs and Schema.fbs.

const VERSION_5 = 4;
const HEADER = { schema: 1, recordBatch: 3 } as const;
const CONTINUATION = 0xff_ff_ff_ff;
const ALIGNED_BYTES = 8;
const UNITS = { s: 0, ms: 1, us: 2, ns: 3 } as const;
const DAY = 0;
const MONTH_DAY_NANO = 2;

/** What a column of a batch lays down: a node for it and each of its children, and their buffers in order. */
export interface ColumnParts {
  readonly nodes: { readonly rows: number; readonly nulls: number }[];
  readonly buffers: Uint8Array[];
}

/** The end of a stream. */
export const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** The message that begins a stream. */
export function schemaMessage(fields: readonly ArrowField[]): Uint8Array {
  const builder = new FlatBuilder();
  const children = builder.vector(fields.map((field) => fieldPlace(builder, field)));
  const schema = builder.table([int16(0), place(children)]);
  return framed(message(builder, { type: HEADER.schema, header: schema, bodyBytes: 0 }), []);
}

/** A batch of rows. */
export function batchMessage(rows: number, { nodes, buffers }: ColumnParts): Uint8Array {
  const places: (readonly bigint[])[] = [];
  let at = 0;
  for (const { byteLength } of buffers) {
    places.push([BigInt(at), BigInt(byteLength)]);
    at += aligned(byteLength);
  }
  const builder = new FlatBuilder();
  const bufferPlace = builder.structs(places);
  const nodePlace = builder.structs(nodes.map((node) => [BigInt(node.rows), BigInt(node.nulls)]));
  const batch = builder.table([int64(rows), place(nodePlace), place(bufferPlace)]);
  return framed(message(builder, { type: HEADER.recordBatch, header: batch, bodyBytes: at }), buffers);
}

function message(
  builder: FlatBuilder,
  { type, header, bodyBytes }: { readonly type: number; readonly header: Place; readonly bodyBytes: number },
): Uint8Array {
  return builder.finish(builder.table([int16(VERSION_5), int8(type), place(header), int64(bodyBytes)]));
}

function framed(metadata: Uint8Array, body: readonly Uint8Array[]): Uint8Array {
  const metadataBytes = aligned(metadata.byteLength);
  const bodyBytes = body.reduce((sum, { byteLength }) => sum + aligned(byteLength), 0);
  const whole = new Uint8Array(ALIGNED_BYTES + metadataBytes + bodyBytes);
  const view = new DataView(whole.buffer);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, metadataBytes, true);
  whole.set(metadata, ALIGNED_BYTES);
  let at = ALIGNED_BYTES + metadataBytes;
  for (const buffer of body) {
    whole.set(buffer, at);
    at += aligned(buffer.byteLength);
  }
  return whole;
}

function fieldPlace(builder: FlatBuilder, { name, type, isNullable, children }: ArrowField): Place {
  const own = builder.text(name);
  const [number, typePlace] = typeOf(builder, type);
  const below = builder.vector(children.map((child) => fieldPlace(builder, child)));
  return builder.table([place(own), int8(isNullable ? 1 : 0), int8(number), place(typePlace), undefined, place(below)]);
}

/** The number of a type in the union `Type`, and its table. */
function typeOf(builder: FlatBuilder, type: ArrowType): readonly [number, Place] {
  switch (type.kind) {
    case "int":
      return [2, builder.table([int32(type.bits), int8(type.isSigned ? 1 : 0)])];
    case "float":
      return [3, builder.table([int16(type.bits === 32 ? 1 : 2)])];
    case "binary":
      return [4, builder.table([])];
    case "utf8":
      return [5, builder.table([])];
    case "bool":
      return [6, builder.table([])];
    case "decimal":
      return [7, builder.table([int32(type.precision), int32(type.scale), int32(128)])];
    case "date":
      return [8, builder.table([int16(DAY)])];
    case "time":
      return [9, builder.table([int16(UNITS.us), int32(64)])];
    case "timestamp": {
      const zone = type.zone === undefined ? undefined : place(builder.text(type.zone));
      return [10, builder.table([int16(UNITS[type.unit]), zone])];
    }
    case "interval":
      return [11, builder.table([int16(MONTH_DAY_NANO)])];
    case "list":
      return [12, builder.table([])];
    case "struct":
      return [13, builder.table([])];
    case "fixed-list":
      return [16, builder.table([int32(type.size)])];
    case "map":
      return [17, builder.table([int8(0)])];
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNED_BYTES) * ALIGNED_BYTES;
}

const int8 = (value: number): FlatField => ({ kind: "int8", value });
const int16 = (value: number): FlatField => ({ kind: "int16", value });
const int32 = (value: number): FlatField => ({ kind: "int32", value });
const int64 = (value: number): FlatField => ({ kind: "int64", value: BigInt(value) });
const place = (value: Place): FlatField => ({ kind: "place", value });
