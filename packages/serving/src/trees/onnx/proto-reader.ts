/** Reads a message of protocol buffers field by field, without a schema. Throws an `Error` where the bytes end too soon. */
export class ProtoReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = end;
  }

  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** How many bytes are left. */
  get length(): number {
    return this.#end - this.#at;
  }

  /** The next field's number and how it is written: 0 a varint, 1 eight bytes, 2 bytes behind their length, 5 four bytes. */
  tag(): { readonly field: number; readonly wire: number } {
    const tag = this.varint();
    return { field: Math.floor(tag / 8), wire: tag % 8 };
  }

  /** A whole number; negative ones are written as unsigned of 64 bits. */
  varint(): number {
    let [value, factor] = [0, 1];
    for (let shift = 0; shift < 10; shift += 1) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) return shift === 9 ? value - 2 ** 64 : value;
    }
    throw new Error("a number is longer than ten bytes");
  }

  float(): number {
    this.#at += 4;
    if (this.#at > this.#end) throw tooShort();
    return this.#view.getFloat32(this.#at - 4, true);
  }

  /** What lies behind a length, as a reader of its own: nothing is copied. */
  message(): ProtoReader {
    const begin = this.#behindLength();
    return new ProtoReader(this.#bytes, begin, this.#at);
  }

  text(): string {
    const begin = this.#behindLength();
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + begin, this.#at - begin).toString("utf8");
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 2) this.#behindLength();
    else if (wire === 1 || wire === 5) this.#at += wire === 1 ? 8 : 4;
    else throw new Error(`a field is written in the way ${wire}, which is not read`);
    if (this.#at > this.#end) throw tooShort();
  }

  /** Another one from here on. */
  again(): ProtoReader {
    return new ProtoReader(this.#bytes, this.#at, this.#end);
  }

  byte(): number {
    if (this.#at >= this.#end) throw tooShort();
    this.#at += 1;
    return this.#bytes[this.#at - 1] as number;
  }

  /** How many whole numbers are left, where there is nothing else. */
  countVarints(): number {
    let count = 0;
    for (let at = this.#at; at < this.#end; at += 1) if ((this.#bytes[at] as number) < 128) count += 1;
    return count;
  }

  /** Where a value's bytes begin; the reader then stands behind them. */
  #behindLength(): number {
    const length = this.varint();
    const begin = this.#at;
    this.#at = begin + length;
    if (!(length >= 0) || this.#at > this.#end) throw tooShort();
    return begin;
  }
}

function tooShort(): Error {
  return new Error("the file ends in the midst of a field");
}
