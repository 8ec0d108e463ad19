/** Which models are in memory, within so many bytes: those asked for longest ago make room for others. */
export class ResidentModels {
  readonly #bytesMax: number;
  readonly #pinned: ReadonlySet<string>;
  /** The one asked for last comes last. */
  readonly #bytes = new Map<string, number>();
  /** What models took when they were last in memory. */
  readonly #seen = new Map<string, number>();
  #sum = 0;

  constructor({ bytesMax, pinned }: { readonly bytesMax: number; readonly pinned: ReadonlySet<string> }) {
    this.#bytesMax = bytesMax;
    this.#pinned = pinned;
  }

  get models(): number {
    return this.#bytes.size;
  }

  get bytes(): number {
    return this.#sum;
  }

  touch(name: string): void {
    const bytes = this.#bytes.get(name);
    if (bytes === undefined) return;
    this.#bytes.delete(name);
    this.#bytes.set(name, bytes);
  }

  /** Notes what a model that was loaded takes. */
  add(name: string, bytes: number): void {
    this.remove(name);
    this.#bytes.set(name, bytes);
    this.#seen.set(name, bytes);
    this.#sum += bytes;
  }

  remove(name: string): void {
    this.#sum -= this.#bytes.get(name) ?? 0;
    this.#bytes.delete(name);
  }

  /** Those that must go before a model is loaded: by what it took before, else by what the others take on average. */
  before(name: string): readonly string[] {
    const mean = this.#bytes.size === 0 ? 0 : this.#sum / this.#bytes.size;
    return this.#least(this.#bytesMax - (this.#seen.get(name) ?? mean), name);
  }

  /** Those that must go now that it is. */
  after(name: string): readonly string[] {
    return this.#least(this.#bytesMax, name);
  }

  /** Pinned ones stay, and so does the one that is wanted, if it is larger than all that is allowed. */
  #least(bytesMax: number, wanted: string): readonly string[] {
    const going: string[] = [];
    let sum = this.#sum;
    for (const [name, bytes] of this.#bytes) {
      if (sum <= bytesMax) break;
      if (name === wanted || this.#pinned.has(name)) continue;
      going.push(name);
      sum -= bytes;
    }
    return going;
  }
}
