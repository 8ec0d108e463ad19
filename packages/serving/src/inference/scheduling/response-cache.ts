import { hash } from "node:crypto";
import type { TensorData } from "../datatype.ts";
import type { Tensor } from "../tensor.ts";

/** Bytes that an entry takes beside its tensors: its key, and the objects around them. */
const ENTRY_BYTES = 500;

/**
 * Answers that were given, by what was asked, up to so many bytes: the one that was asked for longest ago goes first.
 * Requests for an answer that is on its way wait for that one; when it fails, each is answered by itself.
 */
export class ResponseCache {
  readonly #bytesMax: number;
  readonly #entries = new Map<string, { readonly outputs: readonly Tensor[]; readonly bytes: number }>();
  readonly #flights = new Map<string, Promise<readonly Tensor[]>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `isHit` tells whether the model was not asked for it. What `ask` throws is thrown. */
  async answer<Fresh extends { readonly outputs: readonly Tensor[] }>(
    key: string,
    ask: () => Promise<Fresh>,
  ): Promise<{ readonly outputs: readonly Tensor[]; readonly fresh?: Fresh }> {
    const kept = this.#entries.get(key);
    if (kept !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, kept);
      return { outputs: kept.outputs };
    }
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      const outputs = await flight.catch(() => undefined);
      if (outputs !== undefined) return { outputs };
      const fresh = await ask();
      return { outputs: fresh.outputs, fresh };
    }
    const asked = ask();
    const flown = asked.then(({ outputs }) => outputs);
    this.#flights.set(key, flown);
    try {
      const fresh = await asked;
      this.#keep(key, fresh.outputs);
      return { outputs: fresh.outputs, fresh };
    } finally {
      this.#flights.delete(key);
      flown.catch(() => undefined);
    }
  }

  #keep(key: string, outputs: readonly Tensor[]): void {
    const bytes = outputs.reduce((sum, { data }) => sum + bytesOf(data), key.length + ENTRY_BYTES);
    if (bytes > this.#bytesMax) return;
    this.#entries.set(key, { outputs, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#entries.delete(oldest);
      this.#bytes -= freed;
    }
  }
}

function bytesOf(data: TensorData): number {
  if (!Array.isArray(data)) return (data as Exclude<TensorData, readonly Uint8Array[]>).byteLength;
  return (data as readonly Uint8Array[]).reduce((sum, { length }) => sum + length + 64, 0);
}

/**
 * The key of a request to what is loaded under `prefix`: a digest of its outputs' names and of every input's datatype,
 * shape and elements, each with its length before it.
 */
export function cacheKey(prefix: string, inputs: readonly Tensor[], outputs: readonly string[]): string {
  const parts: Uint8Array[] = [];
  const head = JSON.stringify([
    outputs,
    ...inputs.map(({ datatype, shape, data }) => [
      datatype,
      shape,
      ...(Array.isArray(data) ? (data as readonly Uint8Array[]).map(({ length }) => length) : []),
    ]),
  ]);
  parts.push(Buffer.from(`${head.length}:${head}`));
  for (const { data } of inputs) {
    if (Array.isArray(data)) parts.push(...(data as readonly Uint8Array[]));
    else {
      const { buffer, byteOffset, byteLength } = data as Exclude<TensorData, readonly Uint8Array[]>;
      parts.push(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return `${prefix}${hash("sha256", parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts), "base64")}`;
}
