// FlatBuffers, as far as Arrow's messages need them: https://flatbuffers.dev/internals. A buffer is filled from its end to its
// beginning, children before what refers to them; a place is told by its distance from the end.

const START_BYTES = 1_024;
const ID_OFFSET_MIN = 4;

export type Place = number;

/** A field of a table: a number of so many bytes, or what lies at a place. */
export type FlatField =
  | { readonly kind: "int8" | "int16" | "int32"; readonly value: number }
  | { readonly kind: "int64"; readonly value: bigint }
  | { readonly kind: "place"; readonly value: Place };

const BYTES = { int8: 1, int16: 2, int32: 4, int64: 8, place: 4 } as const;

export class FlatBuilder {
  #view = new DataView(new ArrayBuffer(START_BYTES));
  /** Where what was written last begins. */
  #head = START_BYTES;
  #alignMin = 1;

  get #size(): number {
    return this.#view.byteLength - this.#head;
  }

  /** A text, with its length before it and a zero behind it. */
  text(value: string): Place {
    const bytes = new TextEncoder().encode(value);
    this.#prepare(4, bytes.length + 1);
    this.#put({ kind: "int8", value: 0 });
    this.#room(bytes.length);
    this.#head -= bytes.length;
    new Uint8Array(this.#view.buffer).set(bytes, this.#head);
    this.#put({ kind: "int32", value: bytes.length });
    return this.#size;
  }

  /** A vector of what lies at these places. */
  vector(places: readonly Place[]): Place {
    this.#prepare(4, places.length * 4);
    for (const value of places.toReversed()) this.#put({ kind: "place", value });
    this.#put({ kind: "int32", value: places.length });
    return this.#size;
  }

  /** A vector of structs of 64-bit numbers. */
  structs(rows: readonly (readonly bigint[])[]): Place {
    const width = (rows[0]?.length ?? 1) * 8;
    this.#prepare(4, rows.length * width);
    this.#prepare(8, rows.length * width);
    for (const row of rows.toReversed()) for (const value of row.toReversed()) this.#put({ kind: "int64", value });
    this.#put({ kind: "int32", value: rows.length });
    return this.#size;
  }

  /** A table by its slots; one that is undefined has its default. */
  table(fields: readonly (FlatField | undefined)[]): Place {
    const end = this.#size;
    const places = fields.map((field) => {
      if (field === undefined) return 0;
      this.#prepare(BYTES[field.kind], 0);
      this.#put(field);
      return this.#size;
    });
    this.#prepare(4, 0);
    this.#put({ kind: "int32", value: 0 });
    const table = this.#size;
    this.#prepare(2, fields.length * 2 + ID_OFFSET_MIN);
    for (const place of places.toReversed()) this.#put({ kind: "int16", value: place === 0 ? 0 : table - place });
    this.#put({ kind: "int16", value: table - end });
    this.#put({ kind: "int16", value: fields.length * 2 + ID_OFFSET_MIN });
    this.#view.setInt32(this.#view.byteLength - table, this.#size - table, true);
    return table;
  }

  /** The whole, with the place of its root before it. */
  finish(root: Place): Uint8Array {
    this.#prepare(Math.max(this.#alignMin, 4), 4);
    this.#put({ kind: "place", value: root });
    return new Uint8Array(this.#view.buffer, this.#head).slice();
  }

  /** Room for so many bytes behind a number of so many, which then is aligned. */
  #prepare(align: number, behind: number): void {
    this.#alignMin = Math.max(this.#alignMin, align);
    const padding = -(this.#size + behind) & (align - 1);
    this.#room(padding + behind + align);
    this.#head -= padding;
  }

  #put({ kind, value }: FlatField): void {
    this.#room(BYTES[kind]);
    this.#head -= BYTES[kind];
    if (kind === "int8") this.#view.setInt8(this.#head, value);
    else if (kind === "int16") this.#view.setInt16(this.#head, value, true);
    else if (kind === "int32") this.#view.setInt32(this.#head, value, true);
    else if (kind === "int64") this.#view.setBigInt64(this.#head, value, true);
    else this.#view.setInt32(this.#head, this.#size - value, true);
  }

  #room(bytes: number): void {
    if (this.#head >= bytes) return;
    const old = new Uint8Array(this.#view.buffer);
    const grown = new Uint8Array(Math.max(old.length * 2, old.length + bytes));
    grown.set(old, grown.length - old.length);
    this.#head += grown.length - old.length;
    this.#view = new DataView(grown.buffer);
  }
}
