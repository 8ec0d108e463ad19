/** What a reader keeps of its memory for the next file. */
const KEPT_BYTES_MAX = 8 * 2 ** 20;
const BYTES_MIN = 2 ** 20;

/**
 * Memory that is used again for each file that is read: thousands of small models would else leave as many holes behind. What
 * is taken of it holds until it is emptied.
 */
export class Scratch {
  #buffer = new ArrayBuffer(BYTES_MIN);
  #at = 0;

  integers(length: number): Int32Array {
    const at = this.#take(length * 4);
    return new Int32Array(this.#buffer, at, length);
  }

  /** Zeroes. */
  floats(length: number): Float32Array {
    const at = this.#take(length * 4);
    return new Float32Array(this.#buffer, at, length).fill(0);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(Math.ceil(length / 4) * 4);
    return new Uint8Array(this.#buffer, at, length);
  }

  empty(): void {
    this.#at = 0;
    if (this.#buffer.byteLength > KEPT_BYTES_MAX) this.#buffer = new ArrayBuffer(BYTES_MIN);
  }

  /** What was taken before keeps the memory that it has. */
  #take(bytes: number): number {
    if (this.#at + bytes > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(Math.max(bytes, this.#buffer.byteLength * 2));
      this.#at = 0;
    }
    this.#at += bytes;
    return this.#at - bytes;
  }
}
