import type { Clock, Logger } from "@millwright/kernel";
import type { ModelDirectory, ServedModel } from "../inference/served-model.ts";
import { HotModels } from "./hot-models.ts";
import { LEASE_MS, type CountedCopy, type LentModel } from "./lent-models.ts";
import { isAsItWas } from "./model-origin.ts";
import type { Peer } from "./peer.ts";

export interface ModelCopiesOptions {
  /** This process's models; it loads those of other processes too whose names are `copied`. */
  readonly own: ModelDirectory;
  readonly copied: Set<string>;
  /** This process's place. */
  readonly index: number;
  readonly homeOf: (name: string) => number;
  readonly peerAt: (index: number) => Peer | undefined;
  /** What all copies may take. */
  readonly bytesMax: number;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
}

const RENEWED_EVERY_MS = 1_000;
/** One that nobody has asked for so long is given up. */
const IDLE_MS = 60_000;
/** One that was asked for within this makes no room for another copy: two that are hot would do so in turn. */
const USED_MS = 10_000;
/** A model that could not be copied, or had to make room, is tried again after so long. */
const AGAIN_MS = 30_000;
const ANSWER_MS = 10_000;

interface Copy {
  readonly name: string;
  readonly home: number;
  load: string;
  /** Its versions; none until they may answer. */
  served: readonly ServedModel[];
  bytes: number;
  /** Until when it answers unless it is renewed, and when it was asked last. */
  untilMs: number;
  usedMs: number;
}

/**
 * Copies of other processes' models that are asked through this one all the time: they answer here what would else be relayed.
 * Each is of one load of its model, which its own process lends and calls back.
 */
export class ModelCopies {
  readonly #options: ModelCopiesOptions;
  readonly #copies = new Map<string, Copy>();
  readonly #hot = new HotModels();
  /** Those that are being loaded or given up: one thing at a time. */
  readonly #busy = new Set<string>();
  /** When a model that could not be copied is tried again. */
  readonly #againMs = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: ModelCopiesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.keep(), RENEWED_EVERY_MS);
    this.#timer.unref();
  }

  /** How many answer here. */
  get count(): number {
    return [...this.#copies.keys()].filter((name) => this.#answering(name) !== undefined).length;
  }

  /** Whether a copy here answers for a model of another process. */
  has(name: string): boolean {
    const copy = this.#copies.size === 0 ? undefined : this.#answering(name);
    if (copy === undefined) return false;
    copy.usedMs = this.#nowMs();
    return true;
  }

  /** The copy, where it answers and has not made room for other models. */
  #answering(name: string): Copy | undefined {
    const copy = this.#copies.get(name);
    if (copy === undefined || copy.served.length === 0 || this.#nowMs() >= copy.untilMs) return undefined;
    return this.#isInMemory(copy) ? copy : undefined;
  }

  #isInMemory({ name, served }: Copy): boolean {
    try {
      return this.#options.own.find(name) === served.at(-1);
    } catch {
      return false;
    }
  }

  /** Told of each request that another process has answered. */
  relayed(name: string, waitedMs: number): void {
    const { bytesMax, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (bytesMax === 0 || this.#isClosed || !this.#hot.answered(name, { waitedMs, nowMs })) return;
    if (this.#copies.has(name) || this.#busy.has(name) || nowMs < (this.#againMs.get(name) ?? 0)) return;
    this.#busy.add(name);
    this.#againMs.delete(name);
    void this.#make(name, nowMs).finally(() => this.#busy.delete(name));
  }

  async #make(name: string, nowMs: number): Promise<void> {
    const { homeOf, logger, copied } = this.#options;
    const copy: Copy = { name, home: homeOf(name), load: "", served: [], bytes: 0, untilMs: 0, usedMs: nowMs };
    this.#copies.set(name, copy);
    copied.add(name);
    const isMade = await this.#load(copy).catch((error: unknown) => {
      if (!this.#isClosed) logger.warn({ err: error, model: name }, "a model of another process could not be copied");
      return false;
    });
    if (isMade) await this.#makeRoom(name);
    else if (this.#isKept(copy)) this.#againMs.set(name, this.#nowMs() + AGAIN_MS);
    // It may have been called back at any moment.
    if (!isMade || !this.#isKept(copy)) await this.#end(copy);
  }

  /** False where it is not to be copied, or was called back meanwhile. */
  async #load(copy: Copy): Promise<boolean> {
    const { own, index } = this.#options;
    const { name } = copy;
    const askedMs = this.#nowMs();
    const lent = (await this.#ask(copy.home, "lend", { name, by: index })) as LentModel | null;
    if (lent === null) return false;
    copy.load = lent.load;
    copy.untilMs = askedMs + LEASE_MS;
    if (!this.#hasRoomFor(lent.bytes, askedMs) || !this.#isKept(copy)) return false;
    // Others that are made meanwhile reckon with it.
    copy.bytes = lent.bytes;
    await own.load(name, { config: lent.origin.config });
    const served = own.versions(name);
    const isSame =
      String(served.map(({ version }) => version)) === String(lent.versions) &&
      served.every(({ origin }) => origin?.folder === lent.origin.folder);
    // Read after it: had anything been laid there before, it would be told.
    if (!isSame || !(await isAsItWas(lent.origin)) || !this.#isKept(copy)) return false;
    copy.bytes = served.reduce((sum, { bytes }) => sum + bytes, 0);
    copy.served = served;
    return true;
  }

  #hasRoomFor(bytes: number, nowMs: number): boolean {
    const used = [...this.#copies.values()].filter(({ usedMs }) => nowMs - usedMs < USED_MS);
    return used.reduce((sum, copy) => sum + copy.bytes, bytes) <= this.#options.bytesMax;
  }

  #isKept(copy: Copy): boolean {
    return this.#copies.get(copy.name) === copy;
  }

  /** Those asked longest ago make room for the one that has come. */
  async #makeRoom(wanted: string): Promise<void> {
    const sorted = [...this.#copies.values()].toSorted((one, other) => one.usedMs - other.usedMs);
    let bytes = sorted.reduce((sum, copy) => sum + copy.bytes, 0);
    for (const copy of sorted) {
      if (bytes <= this.#options.bytesMax) return;
      if (copy.name === wanted) continue;
      bytes -= copy.bytes;
      await this.#giveUp(copy);
    }
  }

  /** Its process calls a copy back: it answers no more. What it has counted. */
  recall({ name, load }: Pick<CountedCopy, "name" | "load">): CountedCopy | undefined {
    const copy = this.#copies.get(name);
    // One that is not known of yet may be of that load: it is asked for anew.
    if (copy === undefined || (copy.load !== "" && copy.load !== load)) return undefined;
    this.#copies.delete(name);
    const counted = countedOf(copy);
    if (!this.#busy.has(name)) {
      this.#busy.add(name);
      void this.#unload(copy).finally(() => this.#busy.delete(name));
    }
    return counted;
  }

  /** What the copies of a process's models have counted, which they count no more. */
  counted(home: number): readonly CountedCopy[] {
    return [...this.#copies.values()].filter((copy) => copy.home === home).map(countedOf);
  }

  /** A process has gone: what is loaded after it may be another model. */
  lost(home: number): void {
    for (const copy of this.#copies.values()) if (copy.home === home) this.recall(copy);
  }

  /** Renews all copies, and gives up those that nobody asks for, or that have made room for other models. */
  async keep(): Promise<void> {
    const nowMs = this.#nowMs();
    const known = [...this.#copies.values()].filter(({ load }) => load !== "");
    const isUseless = (copy: Copy) =>
      copy.served.length > 0 && (nowMs - copy.usedMs > IDLE_MS || !this.#isInMemory(copy) || nowMs >= copy.untilMs);
    const useless = new Set(known.filter(isUseless));
    for (const copy of useless) if (!this.#isInMemory(copy)) this.#againMs.set(copy.name, nowMs + AGAIN_MS);
    const kept = known.filter((copy) => !useless.has(copy));
    const homes = new Set(kept.map(({ home }) => home));
    const renewals = [...homes].map((home) =>
      this.#renew(
        home,
        kept.filter((copy) => copy.home === home),
      ),
    );
    await Promise.all([...[...useless].map((copy) => this.#giveUp(copy)), ...renewals]);
  }

  async #renew(home: number, copies: readonly Copy[]): Promise<void> {
    const askedMs = this.#nowMs();
    const asked = { by: this.#options.index, copies: copies.map(({ name, load }) => ({ name, load })) };
    // Where it does not answer they end when their time does.
    const renewed = await this.#ask(home, "renew", asked).catch(() => undefined);
    if (renewed === undefined) return;
    const names = new Set(renewed as readonly string[]);
    for (const copy of copies)
      if (names.has(copy.name)) copy.untilMs = askedMs + LEASE_MS;
      else await this.#giveUp(copy);
  }

  async #giveUp(copy: Copy): Promise<void> {
    const { name } = copy;
    if (!this.#isKept(copy) || this.#busy.has(name)) return;
    this.#busy.add(name);
    await this.#end(copy).finally(() => this.#busy.delete(name));
  }

  /** It answers no more, and its process is told what it has counted, once all that it has begun is over. */
  async #end(copy: Copy): Promise<void> {
    if (this.#isKept(copy)) this.#copies.delete(copy.name);
    await this.#unload(copy);
    await Promise.all(copy.served.map(({ closed }) => closed));
    if (copy.load === "") return;
    const told = { by: this.#options.index, counted: countedOf(copy) };
    await this.#ask(copy.home, "giveBack", told).catch(() => undefined);
  }

  async #unload({ name }: Copy): Promise<void> {
    const { own, copied } = this.#options;
    // It may not have been loaded at all, or have made room.
    await own.unload(name).catch(() => undefined);
    copied.delete(name);
  }

  async #ask(home: number, question: string, asked: object): Promise<unknown> {
    return this.#options.peerAt(home)?.ask(question, asked, { withinMs: ANSWER_MS });
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Makes no more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }
}

function countedOf({ name, load, served }: Copy): CountedCopy {
  return { name, load, versions: served.map(({ version, statistics }) => ({ version, counts: statistics.take() })) };
}
