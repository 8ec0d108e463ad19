/** How a model is kept: of those that are not pinned, the ones of a lower priority make room first. */
export type ResidentPriority = -1 | 0 | 1;

interface ResidentLimits {
  readonly bytesMax: number;
  readonly pinned: ReadonlySet<string>;
}

/** Which models are in memory, within so many bytes: those asked for longest ago make room for others. */
export class ResidentModels {
  #bytesMax: number;
  #pinned: ReadonlySet<string>;
  /** The one asked for last comes last. */
  readonly #residents = new Map<string, { readonly bytes: number; readonly priority: ResidentPriority }>();
  #sum = 0;

  constructor(limits: ResidentLimits) {
    this.#bytesMax = limits.bytesMax;
    this.#pinned = limits.pinned;
  }

  /** Who must go because of it is told by `beyond`. */
  limit({ bytesMax, pinned }: ResidentLimits): void {
    this.#bytesMax = bytesMax;
    this.#pinned = pinned;
  }

  get models(): number {
    return this.#residents.size;
  }

  get bytes(): number {
    return this.#sum;
  }

  touch(name: string): void {
    // Where all have room none has to go.
    if (this.#bytesMax === Number.POSITIVE_INFINITY) return;
    const resident = this.#residents.get(name);
    if (resident === undefined) return;
    this.#residents.delete(name);
    this.#residents.set(name, resident);
  }

  /** Notes what a model that was loaded takes. */
  add(name: string, resident: { readonly bytes: number; readonly priority: ResidentPriority }): void {
    this.remove(name);
    this.#residents.set(name, resident);
    this.#sum += resident.bytes;
  }

  remove(name: string): void {
    this.#sum -= this.#residents.get(name)?.bytes ?? 0;
    this.#residents.delete(name);
  }

  /**
   * Those that must go now that a model is there, or less is allowed. Pinned ones stay, and so does the one that is wanted, if
   * it is larger than all that is allowed.
   */
  beyond(wanted?: string): readonly string[] {
    const going: string[] = [];
    let sum = this.#sum;
    for (const level of [-1, 0, 1])
      for (const [name, { bytes, priority }] of this.#residents) {
        if (sum <= this.#bytesMax) return going;
        if (priority !== level || name === wanted || this.#pinned.has(name)) continue;
        going.push(name);
        sum -= bytes;
      }
    return going;
  }
}
