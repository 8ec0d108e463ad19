import { decodeBinary, encodeBinary } from "../inference/binary-tensor.ts";
import type { Datatype } from "../inference/datatype.ts";
import { allDigits } from "../inference/rest/kserve-v1.ts";
import { elementsOf, type Tensor } from "../inference/tensor.ts";

/**
 * What goes between a worker and the process that it answers: the length of the header (4 bytes, little-endian), the header
 * as JSON, and the bytes of the tensors that it lists, in their order, as the protocol's binary extension has them.
 */
export interface Frame {
  readonly header: FrameHeader;
  /** The bytes of `header.tensors`, one after the other. */
  readonly body: Buffer;
}

export interface FrameHeader {
  readonly kind: string;
  readonly tensors?: readonly TensorHeader[];
  readonly [name: string]: unknown;
}

interface TensorHeader {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** In bytes. */
  readonly size: number;
}

const HEADER_BYTES_MAX = 2 ** 20;
const BODY_BYTES_MAX = 2 ** 31;

/** The parts of a frame, which are written one after the other; numbers are not copied. */
export function frameParts(header: FrameHeader, tensors: readonly Tensor[] = []): readonly Uint8Array[] {
  const data = tensors.map((tensor) => encodeBinary(tensor));
  const listed = tensors.map(({ name, datatype, shape }, at) => ({
    name,
    datatype,
    shape,
    size: data[at]?.length ?? 0,
  }));
  const text = Buffer.from(JSON.stringify({ ...header, tensors: listed }, allDigits));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return [Buffer.concat([length, text]), ...data.filter((bytes) => bytes.length > 0)];
}

/** The tensors of a frame. Throws for bytes that do not fit their shapes. */
export function tensorsOf({ header: { tensors = [] }, body }: Frame): readonly Tensor[] {
  let at = 0;
  return tensors.map(({ name, datatype, shape, size }) => {
    const bytes = body.subarray(at, at + size);
    at += size;
    return { name, datatype, shape, data: decodeBinary(bytes, { name, datatype, elements: elementsOf(name, shape) }) };
  });
}

/** Puts frames together from what arrives. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  /** What has arrived of what is being read: a length, a header or a body. */
  #into = Buffer.alloc(4);
  #filled = 0;
  #reading: "length" | "header" | FrameHeader = "length";

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws for what is no frame; nothing can be read after it. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const taken = Math.min(chunk.length - at, this.#into.length - this.#filled);
      chunk.copy(this.#into, this.#filled, at, at + taken);
      this.#filled += taken;
      at += taken;
      while (this.#filled === this.#into.length) this.#step();
    }
  }

  #step(): void {
    const whole = this.#into;
    if (this.#reading === "length") {
      const length = whole.readUInt32LE();
      if (length < 2 || length > HEADER_BYTES_MAX) throw new Error(`a header of ${length} bytes`);
      this.#expect("header", length);
    } else if (this.#reading === "header") {
      const header = headerOf(whole);
      const size = (header.tensors ?? []).reduce((sum, tensor) => sum + tensor.size, 0);
      if (size > BODY_BYTES_MAX) throw new Error(`tensors of ${size} bytes`);
      if (size === 0) this.#finish(header, Buffer.alloc(0));
      else this.#expect(header, size);
    } else {
      this.#finish(this.#reading, whole);
    }
  }

  #expect(reading: "length" | "header" | FrameHeader, size: number): void {
    this.#reading = reading;
    // Not of the pool: a body is kept as what was answered.
    this.#into = Buffer.allocUnsafeSlow(size);
    this.#filled = 0;
  }

  #finish(header: FrameHeader, body: Buffer): void {
    this.#expect("length", 4);
    this.#onFrame({ header, body });
  }
}

function headerOf(bytes: Buffer): FrameHeader {
  const header = JSON.parse(bytes.toString("utf8")) as FrameHeader | null;
  const tensors = header?.tensors ?? [];
  const isHeader =
    typeof header?.kind === "string" &&
    Array.isArray(tensors) &&
    tensors.every(({ size }) => Number.isSafeInteger(size) && size >= 0);
  if (!isHeader) throw new Error("a header that is none");
  return header;
}
