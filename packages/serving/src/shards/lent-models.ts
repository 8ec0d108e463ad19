import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@millwright/kernel";
import type { ModelDirectory, ServedModel } from "../inference/served-model.ts";
import type { StatisticsCounts } from "../inference/statistics.ts";
import { isAsItWas } from "./model-origin.ts";
import type { Peer } from "./peer.ts";

/** A model as another process may copy it. */
export interface LentModel {
  /** Of this load of it. */
  readonly load: string;
  readonly versions: readonly string[];
  readonly origin: NonNullable<ServedModel["origin"]>;
  readonly bytes: number;
}

/** What a copy has counted. */
export interface CountedCopy {
  readonly name: string;
  readonly load: string;
  readonly versions: readonly { readonly version: string; readonly counts: StatisticsCounts }[];
}

export interface LentModelsOptions {
  /** This process's models, and its place. */
  readonly own: ModelDirectory;
  readonly index: number;
  /** The process of that place; undefined where it is this one. */
  readonly peerAt: (index: number) => Peer | undefined;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** A copy answers so long without being renewed: whoever has it may hang, and may not be asked whether it does. */
export const LEASE_MS = 3_000;
const ASK_AGAIN_MS = 50;

interface Lent {
  readonly load: number;
  /** The processes that have it, by their place, and until when. */
  readonly holders: Map<number, number>;
  recall: Promise<void> | undefined;
}

/**
 * The models of this process that others have copies of. A copy is of one load: before another one answers here, and before a
 * load or unload by name is answered, no copy answers any more.
 */
export class LentModels {
  readonly #options: LentModelsOptions;
  readonly #lent = new Map<string, Lent>();

  constructor(options: LentModelsOptions) {
    this.#options = options;
  }

  /** Lends a model to the process of that place; undefined where it cannot be copied. Throws what a model that is not there does. */
  async lend(name: string, to: number): Promise<LentModel | undefined> {
    const { own, clock } = this.#options;
    const [{ load, revisionFor }, versions] = [await this.obtain(name), own.versions(name)];
    const origin = versions[0]?.origin;
    if (revisionFor !== undefined || origin === undefined || !versions.every(isCopyable)) return undefined;
    if (!(await isAsItWas(origin)) || this.#loadOf(name) !== load) return undefined;
    const lent = this.#lent.get(name) ?? { load, holders: new Map<number, number>(), recall: undefined };
    if (lent.load !== load || lent.recall !== undefined) return undefined;
    this.#lent.set(name, lent);
    lent.holders.set(to, clock.monotonicMs() + LEASE_MS);
    const bytes = versions.reduce((sum, one) => sum + one.bytes, 0);
    return { load: toldLoad(load), versions: versions.map(({ version }) => version), origin, bytes };
  }

  /** Those of a process's copies that may answer on. A model that is asked through its copies alone is asked for all the same. */
  renew(copies: readonly Pick<CountedCopy, "name" | "load">[], by: number): readonly string[] {
    const untilMs = this.#options.clock.monotonicMs() + LEASE_MS;
    const renewed = copies.filter(({ name, load }) => {
      const lent = this.#lent.get(name);
      const isOn = lent?.recall === undefined && lent?.holders.has(by) === true && lent.load === this.#loadOf(name);
      if (!isOn || load !== toldLoad(lent.load)) return false;
      lent.holders.set(by, untilMs);
      this.#options.own.obtain(name).catch(() => undefined);
      return true;
    });
    return renewed.map(({ name }) => name);
  }

  /** A process has a copy no more. */
  giveBack(counted: CountedCopy, by: number): void {
    const lent = this.#lent.get(counted.name);
    if (lent !== undefined && counted.load === toldLoad(lent.load)) lent.holders.delete(by);
    if (lent?.holders.size === 0 && lent.recall === undefined) this.#lent.delete(counted.name);
    this.#add(counted);
  }

  /** As the directory has it; where that is another load than copies are of, no copy answers once this does. */
  async obtain(name: string, version?: string): Promise<ServedModel> {
    const { own } = this.#options;
    const served = await own.obtain(name, version);
    const lent = this.#lent.get(name);
    if (lent === undefined || (lent.load === this.#loadOf(name) && served.revisionFor === undefined)) return served;
    await this.recall(name);
    return own.obtain(name, version);
  }

  /** Resolves when no copy of a model answers any more. */
  async recall(name: string): Promise<void> {
    const lent = this.#lent.get(name);
    if (lent === undefined) return;
    lent.recall ??= this.#recalled(name, lent).finally(() => this.#lent.delete(name));
    await lent.recall;
  }

  async #recalled(name: string, { load, holders }: Lent): Promise<void> {
    const asked = { name, load: toldLoad(load) };
    await Promise.all([...holders].map(([holder, untilMs]) => this.#recallFrom(holder, asked, untilMs)));
  }

  /** One that cannot be asked has died, or hangs: then its copy answers no more when it was not renewed for so long. */
  async #recallFrom(holder: number, asked: Pick<CountedCopy, "name" | "load">, untilMs: number): Promise<void> {
    const { peerAt, clock } = this.#options;
    for (let leftMs = untilMs - clock.monotonicMs(); leftMs > 0; leftMs = untilMs - clock.monotonicMs())
      try {
        const counted = await peerAt(holder)?.ask("recall", asked, { withinMs: leftMs });
        if (counted !== null && counted !== undefined) this.#add(counted as CountedCopy);
        return;
      } catch (error) {
        // Nobody hears there: whoever had the copy is no more.
        if (isNobody(error)) return;
        await sleep(ASK_AGAIN_MS);
      }
  }

  /** Has counted here what copies have counted, of one model or of all. */
  async gather(name?: string): Promise<void> {
    const lent =
      name === undefined ? [...this.#lent.values()] : [this.#lent.get(name)].filter((one) => one !== undefined);
    const holders = new Set(lent.flatMap(({ holders }) => [...holders.keys()]));
    await Promise.all(
      [...holders].map(async (holder) => {
        const answer = this.#options
          .peerAt(holder)
          ?.ask("counted", { home: this.#options.index }, { withinMs: LEASE_MS });
        const counted = (await answer?.catch(() => undefined)) as readonly CountedCopy[] | undefined;
        for (const one of counted ?? []) this.#add(one);
      }),
    );
  }

  #add({ name, load, versions }: CountedCopy): void {
    const current = this.#loadOf(name);
    // A model counts anew from each load.
    if (current === undefined || load !== toldLoad(current)) return;
    for (const one of this.#options.own.versions(name))
      for (const { version, counts } of versions) if (version === one.version) one.statistics.add(counts);
  }

  #loadOf(name: string): number | undefined {
    try {
      return this.#options.own.find(name).load;
    } catch {
      return undefined;
    }
  }
}

/** A load by its number, and its process. */
function toldLoad(load: number): string {
  return `${process.pid}:${load}`;
}

/** Whether a model answers by its inputs alone, in this process: then it answers the same in another one. */
function isCopyable({ origin, model, config }: ServedModel): boolean {
  const isAlone = model.workers === undefined && model.graph === undefined;
  return origin !== undefined && isAlone && config.sequence_batching === undefined;
}

function isNobody(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  return cause?.code === "ECONNREFUSED" || cause?.code === "ENOENT";
}
