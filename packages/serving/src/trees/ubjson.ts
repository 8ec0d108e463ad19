/**
 * Reads Universal Binary JSON (draft 12), as XGBoost writes it: numbers are big-endian, and a list may say once for all of
 * what type its elements are and how many. A list of numbers of one type comes as an array of it. Throws an `Error` for
 * what is none.
 */
export function parseUbjson(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(reader.marker(), 0);
  reader.requireEnd();
  return value;
}

const DEPTH_MAX = 64;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

type NumberList = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

interface NumberKind {
  readonly bytes: number;
  readonly list: new (length: number) => NumberList;
  readonly read: (view: DataView, at: number) => number;
}

const NUMBERS: Readonly<Record<string, NumberKind>> = {
  i: { bytes: 1, list: Int8Array, read: (view, at) => view.getInt8(at) },
  U: { bytes: 1, list: Uint8Array, read: (view, at) => view.getUint8(at) },
  I: { bytes: 2, list: Int16Array, read: (view, at) => view.getInt16(at) },
  l: { bytes: 4, list: Int32Array, read: (view, at) => view.getInt32(at) },
  L: { bytes: 8, list: Float64Array, read: (view, at) => Number(view.getBigInt64(at)) },
  d: { bytes: 4, list: Float32Array, read: (view, at) => view.getFloat32(at) },
  D: { bytes: 8, list: Float64Array, read: (view, at) => view.getFloat64(at) },
};

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw new Error(`${this.#bytes.length - this.#at} bytes follow its end`);
  }

  /** The next marker; those that stand for nothing are passed. */
  marker(): string {
    let marker = "N";
    while (marker === "N") marker = String.fromCharCode(this.#bytes[this.#take(1)] as number);
    return marker;
  }

  value(marker: string, depth: number): unknown {
    const kind = NUMBERS[marker];
    if (kind !== undefined) return kind.read(this.#view, this.#take(kind.bytes));
    if (depth > DEPTH_MAX) throw new Error(`it is nested more than ${DEPTH_MAX} deep`);
    if (marker === "[") return this.#list(depth + 1);
    if (marker === "{") return this.#object(depth + 1);
    if (marker === "S" || marker === "H") return this.#text(this.#length());
    if (marker === "C") return this.#text(1);
    if (marker === "T" || marker === "F") return marker === "T";
    if (marker === "Z") return null;
    throw new Error(`at byte ${this.#at - 1} stands ${JSON.stringify(marker)}, which begins no value`);
  }

  #list(depth: number): unknown {
    const { type, count } = this.#head();
    if (count === undefined) {
      const items: unknown[] = [];
      for (let marker = this.marker(); marker !== "]"; marker = this.marker()) items.push(this.value(marker, depth));
      return items;
    }
    const kind = NUMBERS[type ?? ""];
    if (kind !== undefined) return this.#numbers(kind, count);
    this.#requireRoom(count);
    return Array.from({ length: count }, () => this.value(type ?? this.marker(), depth));
  }

  #numbers({ bytes, list, read }: NumberKind, count: number): NumberList {
    const from = this.#take(count * bytes);
    const numbers = new list(count);
    for (let index = 0; index < count; index += 1) numbers[index] = read(this.#view, from + index * bytes);
    return numbers;
  }

  #object(depth: number): Readonly<Record<string, unknown>> {
    const { type, count } = this.#head();
    const found = new Map<string, unknown>();
    const put = (first: string) => {
      const name = this.#text(this.#length(first));
      found.set(name, this.value(type ?? this.marker(), depth));
    };
    if (count === undefined) for (let first = this.marker(); first !== "}"; first = this.marker()) put(first);
    else for (let left = count; left > 0; left -= 1) put(this.marker());
    return Object.fromEntries(found);
  }

  /** Of a list or an object: `$` with the type of all, `#` with their number. */
  #head(): { readonly type: string | undefined; readonly count: number | undefined } {
    const type =
      this.#bytes[this.#at] === 0x24 ? String.fromCharCode(this.#bytes[this.#take(2) + 1] as number) : undefined;
    if (this.#bytes[this.#at] !== 0x23) {
      if (type !== undefined) throw new Error("a list has a type and no number of elements");
      return { type, count: undefined };
    }
    this.#take(1);
    return { type, count: this.#length() };
  }

  #length(marker = this.marker()): number {
    const kind = NUMBERS[marker];
    const length = kind === undefined ? -1 : kind.read(this.#view, this.#take(kind.bytes));
    if (Number.isSafeInteger(length) && length >= 0) return length;
    throw new Error(`at byte ${this.#at} a length is no whole number from 0 on`);
  }

  #text(length: number): string {
    const from = this.#take(length);
    return UTF8.decode(this.#bytes.subarray(from, from + length));
  }

  #requireRoom(count: number): void {
    // An element takes no byte where its type says all of it; of such there is no use for more than there are bytes.
    if (count > this.#bytes.length) throw new Error(`a list would have ${count} elements`);
  }

  /** Where so many bytes begin, which are passed. */
  #take(count: number): number {
    const from = this.#at;
    if (from + count > this.#bytes.length) throw new Error("it ends too early");
    this.#at += count;
    return from;
  }
}
