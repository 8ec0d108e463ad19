import { isMillError, type Clock, type Logger } from "@millwright/kernel";
import { inferenceErrors } from "./errors.ts";
import { GivenModels } from "./given-models.ts";
import { cannotLoad } from "./model-folder.ts";
import { placesInFolder, placesTogether, type ModelPlaces } from "./model-places.ts";
import { openVersions } from "./open-versions.ts";
import type { OpenModel } from "./ports.ts";
import { afterMs, LoadSlots, type LoadSlotsOptions } from "./load-slots.ts";
import { inParallel } from "../in-parallel.ts";
import { MeshRecord } from "./mesh-record.ts";
import { ResidentModels, type ResidentPriority } from "./resident-models.ts";
import type { IndexEntry, LoadOptions, ModelDirectory, Residency, ServedModel } from "./served-model.ts";
import { quoted } from "./tensor.ts";

export interface FolderModelsOptions {
  /** Holds a folder for each model. */
  readonly root?: string | undefined;
  /** Models that lie elsewhere; a name that is in the folder too is the folder's. */
  readonly elsewhere?: ModelPlaces | undefined;
  readonly openModel: OpenModel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where it is given, models are loaded when they are asked for, and within so many bytes. */
  readonly onDemand?: OnDemand | undefined;
  /** Where timers come from; of the system unless told. */
  readonly after?: LoadSlotsOptions["after"];
}

export interface OnDemand {
  readonly bytesMax: number;
  /** Models that are loaded at the start and stay. */
  readonly pinned: readonly string[];
  /** Whether there need not be one of each of those names yet. */
  readonly pinsAhead?: boolean;
  /** How many are loaded at once, and how long a request waits for a load, in milliseconds. */
  readonly loadsMax?: number;
  readonly loadMsMax?: number;
}

/** What is known of a model that was asked to be loaded. */
interface Known {
  readonly served: readonly ServedModel[];
  readonly reason: string;
  /** What it was loaded with in place of its own, which holds for it when it is loaded on demand again. */
  readonly config?: string | undefined;
  /** When it may be loaded on demand again; never where it was unloaded by name. */
  readonly demandMs?: number;
}

/** Models have so long to close at the end: less than who keeps the server gives it beyond what that gives its callers. */
const CLOSE_MS_MAX = 1_900;

/** A model that could not be loaded on demand is tried again after so long. */
const RETRY_MS = 5_000;

/** A model that makes room again before whoever has had it loaded could use it is loaded so often. */
const TRIES_MAX = 4;

const LOADS_MAX = 4;
/** Models in processes of their own take their time, and none of this one's. */
const LOADS_AT_START = 4;
const LOAD_MS_MAX = 30_000;

/** Models whose bound may change while they serve. */
export interface BoundedModels extends ModelDirectory {
  /**
   * Has this hold from now on: pinned ones are loaded, and the others make room as they must; without a bound all are loaded.
   * Who was asked while there was none is not known: those loaded first make room first. What cannot be loaded is told in the
   * index and the log.
   */
  limit(onDemand: OnDemand | undefined): Promise<void>;
}

/**
 * Opens a folder of models and loads them all, or those that are pinned where the others are loaded on demand. One that
 * cannot be loaded is told in the index and the log. Throws `inference/unknown-model` where there is none of a pinned name.
 */
export async function openFolderModels(options: FolderModelsOptions): Promise<BoundedModels> {
  const models = new FolderModels(options);
  await models.start();
  return models;
}

class FolderModels implements BoundedModels {
  readonly #options: FolderModelsOptions;
  #onDemand: OnDemand | undefined;
  readonly #places: ModelPlaces;
  readonly #given = new GivenModels();
  readonly #known = new Map<string, Known>();
  /** Loads and unloads of one model go one after the other. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #residents: ResidentModels;
  /** Loads on demand that are under way: whoever asks for the same waits for the same. */
  readonly #demands = new Map<string, Promise<void>>();
  readonly #slots: LoadSlots;
  /** Whether requests are answered, while others are loaded. */
  #isAnswering = false;
  readonly #record = new MeshRecord();

  constructor(options: FolderModelsOptions) {
    this.#options = options;
    this.#onDemand = options.onDemand;
    const { root, elsewhere } = options;
    this.#places = placesTogether([
      this.#given,
      ...(root === undefined ? [] : [placesInFolder(root)]),
      ...(elsewhere === undefined ? [] : [elsewhere]),
    ]);
    const { loadsMax = LOADS_MAX, loadMsMax = LOAD_MS_MAX } = options.onDemand ?? {};
    this.#residents = new ResidentModels(residentLimits(options.onDemand));
    this.#slots = new LoadSlots({ slots: loadsMax, msMax: loadMsMax, after: options.after ?? afterMs });
  }

  /** Loads what is there at the start. */
  async start(): Promise<void> {
    await this.#loadThoseThatStay();
    this.#isAnswering = true;
  }

  async limit(onDemand: OnDemand | undefined): Promise<void> {
    this.#onDemand = onDemand;
    this.#residents.limit(residentLimits(onDemand));
    await this.#loadThoseThatStay();
    for (const name of this.#residents.beyond()) this.#evict(name, null);
  }

  /** The pinned ones, or where there is no bound all of them. */
  async #loadThoseThatStay(): Promise<void> {
    const { logger } = this.#options;
    const { pinned, pinsAhead = false } = this.#onDemand ?? {};
    const all = new Set(await this.#places.names());
    const missing = pinsAhead ? undefined : pinned?.find((name) => !all.has(name));
    if (missing !== undefined) throw unknownModel(`there is no folder of a model ${quoted(missing)}, which is pinned`);
    const staying = pinned?.filter((name) => all.has(name)) ?? [...all];
    const absent = staying.filter((name) => !this.#isServed(name) && !this.#isUnloaded(name));
    await inParallel(absent, LOADS_AT_START, (name) =>
      this.load(name).catch((error: unknown) =>
        logger.error({ err: error, model: name }, "a model could not be loaded"),
      ),
    );
  }

  async index(): Promise<readonly IndexEntry[]> {
    const names = new Set([...(await this.#places.names()), ...this.#known.keys()]);
    return [...names].toSorted().flatMap((name): readonly IndexEntry[] => {
      const { served = [], reason = "" } = this.#known.get(name) ?? {};
      if (served.length > 0) return served.map(({ version }) => ({ name, version, state: "READY", reason: "" }));
      if (this.#turns.has(name)) return [{ name, version: "", state: "LOADING", reason }];
      // It answers: the first request has it loaded.
      if (this.#isOnDemand(name)) return [{ name, version: "", state: "READY", reason: "it is loaded on demand" }];
      return [{ name, version: "", state: "UNAVAILABLE", reason }];
    });
  }

  find(name: string, version?: string): ServedModel {
    const known = this.#known.get(name);
    if (known === undefined) throw unknownModel(`nothing is served as ${quoted(name)}`);
    const { served, reason } = known;
    const newest = served.at(-1);
    if (newest === undefined)
      throw inferenceErrors.create("inference/not-ready", { because: `${quoted(name)}: ${reason}` });
    if (version === undefined || version === "") return newest;
    const found = served.find((one) => one.version === version);
    if (found === undefined) throw unknownModel(`${quoted(name)} is not served in version ${quoted(version)}`);
    return found;
  }

  async obtain(name: string, version?: string): Promise<ServedModel> {
    let isCold = false;
    for (let tries = 0; tries < TRIES_MAX && !this.#isServed(name); tries += 1) {
      if (!this.#isOnDemand(name) || !(await this.#places.has(name))) break;
      isCold = true;
      // Where it has made room again before its turn here came, it is loaded anew.
      if (!this.#isServed(name)) await this.#demand(name);
    }
    this.#residents.touch(name);
    const found = this.find(name, version);
    return isCold ? { ...found, took: this.#record.tookCold } : found;
  }

  #isServed(name: string): boolean {
    return (this.#known.get(name)?.served.length ?? 0) > 0;
  }

  async answers(name: string): Promise<boolean> {
    const { served = [] } = this.#known.get(name) ?? {};
    if (served.length > 0) return true;
    if (!(await this.#places.has(name))) throw unknownModel(`there is no folder of a model ${quoted(name)}`);
    return this.#isOnDemand(name);
  }

  /** Whether it was taken away by name. */
  #isUnloaded(name: string): boolean {
    return this.#known.get(name)?.demandMs === Number.POSITIVE_INFINITY;
  }

  #isOnDemand(name: string): boolean {
    const { clock } = this.#options;
    return this.#onDemand !== undefined && (this.#known.get(name)?.demandMs ?? 0) <= clock.monotonicMs();
  }

  #demand(name: string): Promise<void> {
    const flying = this.#demands.get(name);
    if (flying !== undefined) return flying;
    const demand = this.#slots.run(async () => {
      try {
        // Meanwhile it may have been loaded by name, or unloaded.
        const isWanted = !this.#isServed(name) && this.#isOnDemand(name);
        if (isWanted) await this.#inTurn(name, () => this.#load(name, { config: this.#known.get(name)?.config }));
      } finally {
        this.#demands.delete(name);
      }
    });
    this.#demands.set(name, demand);
    return demand;
  }

  #evict(name: string, madeRoomFor: string | null): void {
    const { served = [], config } = this.#known.get(name) ?? {};
    this.#known.set(name, { served: [], reason: "it made room for others", config });
    this.#residents.remove(name);
    this.#record.evicted({ atMs: this.#options.clock.nowMs(), name, madeRoomFor });
    for (const one of served) one.retire();
  }

  residency(): Residency {
    const { bytesMax, pinned = [] } = this.#onDemand ?? {};
    const { models, bytes } = this.#residents;
    const { loads, evictions, latencies } = this.#record;
    return { models, bytes, bytesMax, loads, evictions, pinned, lately: this.#record.lately(), latencies };
  }

  versions(name: string): readonly ServedModel[] {
    this.find(name);
    return this.#known.get(name)?.served ?? [];
  }

  served(): readonly ServedModel[] {
    return [...this.#known.values()].flatMap(({ served }) => served);
  }

  load(name: string, options: LoadOptions = {}): Promise<void> {
    return this.#inTurn(name, () => this.#given.during(name, options.files, () => this.#load(name, options)));
  }

  async #load(name: string, options: LoadOptions): Promise<void> {
    if (!(await this.#places.has(name))) throw unknownModel(`there is no folder of a model ${quoted(name)}`);
    const before = this.#known.get(name)?.served ?? [];
    try {
      const served = await this.#open(name, options);
      this.#known.set(name, { served, reason: "", config: options.config });
      for (const one of before) one.retire();
      this.#record.loads += 1;
      const bytes = served.reduce((sum, one) => sum + one.bytes, 0);
      this.#residents.add(name, { bytes, priority: priorityOf(served) });
      // Not before it is known to be one: a file that is none has no other make room.
      for (const other of this.#residents.beyond(name)) this.#evict(other, name);
    } catch (error) {
      const told = isMillError(error) ? error : cannotLoad(textOf(error), error);
      const demandMs = this.#options.clock.monotonicMs() + RETRY_MS;
      // Those that made room for others meanwhile are closed.
      const { served = [], config } = this.#known.get(name) ?? {};
      this.#known.set(name, { served, reason: told.because, config, demandMs });
      throw told;
    }
  }

  unload(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const known = this.#known.get(name);
      if (known === undefined) throw unknownModel(`nothing is served as ${quoted(name)}`);
      this.#known.set(name, { served: [], reason: "it was unloaded", demandMs: Number.POSITIVE_INFINITY });
      this.#residents.remove(name);
      for (const one of known.served) one.retire();
      await this.#given.forget(name);
    });
  }

  /** A model that works on a request for longer is not waited for: its process ends. */
  async close(): Promise<void> {
    const all = this.served();
    for (const one of all) one.retire();
    const { promise: passed, resolve: onPassed } = Promise.withResolvers<void>();
    const timer = setTimeout(onPassed, CLOSE_MS_MAX);
    await Promise.race([Promise.all(all.map(({ closed }) => closed)), passed]);
    clearTimeout(timer);
    await this.#given.close();
  }

  async #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.#turns.set(name, turn);
    try {
      await turn;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  async #open(name: string, { config }: LoadOptions): Promise<readonly ServedModel[]> {
    const { clock } = this.#options;
    const sinceMs = clock.nowMs();
    const folder = await this.#places.read(name, config);
    const origin = folder.place === undefined ? undefined : { folder: folder.place, sinceMs, config };
    const isAnswering = this.#isAnswering;
    const opened = await openVersions({ name, folder, origin }, { ...this.#options, isAnswering });
    return opened.map((one) => ({ ...one, took: this.#record.tookWarm }));
  }
}

function residentLimits({ bytesMax = Number.POSITIVE_INFINITY, pinned = [] }: Partial<OnDemand> = {}) {
  return { bytesMax, pinned: new Set(pinned) };
}

/** The highest of its versions, in Triton's words. */
function priorityOf(served: readonly ServedModel[]): ResidentPriority {
  const told = served.map(({ config }) => config.optimization?.priority);
  if (told.includes("PRIORITY_MAX")) return 1;
  return told.length > 0 && told.every((priority) => priority === "PRIORITY_MIN") ? -1 : 0;
}

function unknownModel(because: string): Error {
  return inferenceErrors.create("inference/unknown-model", { because });
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.slice(0, 500) ?? "";
}
