import { join } from "node:path";
import { isMillError, type Clock, type Logger } from "@millwright/kernel";
import { inferenceErrors } from "./errors.ts";
import { fullConfig } from "./full-config.ts";
import { cannotLoad, modelNames, readModelFolder, type ModelFolder } from "./model-folder.ts";
import type { InferenceModel, OpenModel } from "./ports.ts";
import {
  serveModel,
  type IndexEntry,
  type LoadOptions,
  type ModelDirectory,
  type ServedModel,
} from "./served-model.ts";
import { quoted } from "./tensor.ts";

export interface FolderModelsOptions {
  /** Holds a folder for each model. */
  readonly root: string;
  readonly openModel: OpenModel;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of a model that was asked to be loaded. */
interface Known {
  readonly served: readonly ServedModel[];
  readonly reason: string;
}

/** Opens a folder of models and loads them all. One that cannot be loaded is told in the index and the log. */
export async function openFolderModels(options: FolderModelsOptions): Promise<ModelDirectory> {
  const models = new FolderModels(options);
  for (const name of await modelNames(options.root))
    await models
      .load(name)
      .catch((error: unknown) => options.logger.error({ err: error, model: name }, "a model could not be loaded"));
  return models;
}

class FolderModels implements ModelDirectory {
  readonly #options: FolderModelsOptions;
  readonly #known = new Map<string, Known>();
  /** Loads and unloads of one model go one after the other. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: FolderModelsOptions) {
    this.#options = options;
  }

  async index(): Promise<readonly IndexEntry[]> {
    const names = new Set([...(await modelNames(this.#options.root)), ...this.#known.keys()]);
    return [...names].toSorted().flatMap((name): readonly IndexEntry[] => {
      const { served = [], reason = "" } = this.#known.get(name) ?? {};
      if (served.length > 0) return served.map(({ version }) => ({ name, version, state: "READY", reason: "" }));
      return [{ name, version: "", state: this.#turns.has(name) ? "LOADING" : "UNAVAILABLE", reason }];
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

  versions(name: string): readonly ServedModel[] {
    this.find(name);
    return this.#known.get(name)?.served ?? [];
  }

  served(): readonly ServedModel[] {
    return [...this.#known.values()].flatMap(({ served }) => served);
  }

  load(name: string, options: LoadOptions = {}): Promise<void> {
    return this.#inTurn(name, async () => {
      if (!(await modelNames(this.#options.root)).includes(name))
        throw unknownModel(`there is no folder of a model ${quoted(name)}`);
      const before = this.#known.get(name)?.served ?? [];
      try {
        const served = await this.#open(name, options);
        this.#known.set(name, { served, reason: "" });
        for (const one of before) one.retire();
      } catch (error) {
        const told = isMillError(error) ? error : cannotLoad(textOf(error), error);
        this.#known.set(name, { served: before, reason: told.because });
        throw told;
      }
    });
  }

  unload(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      const known = this.#known.get(name);
      if (known === undefined) throw unknownModel(`nothing is served as ${quoted(name)}`);
      this.#known.set(name, { served: [], reason: "it was unloaded" });
      for (const one of known.served) one.retire();
    });
  }

  async close(): Promise<void> {
    for (const one of this.served()) one.retire();
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
    const { root, logger, clock } = this.#options;
    const onCloseFailed = (error: unknown) => logger.error({ err: error, model: name }, "a model could not be closed");
    const folder = await readModelFolder(join(root, name), config);
    const opened: ServedModel[] = [];
    try {
      for (const { version, file } of folder.versions) {
        const model = labelled(await this.#options.openModel(file, folder.config), folder);
        const served = { name, version, model, config: fullConfig(name, folder.config, model) };
        opened.push(serveModel(served, { clock, onCloseFailed }));
      }
    } catch (error) {
      for (const one of opened) one.retire();
      throw error;
    }
    return opened;
  }
}

function labelled(model: InferenceModel, { labels }: ModelFolder): InferenceModel {
  if (labels.size === 0) return model;
  const outputs = model.outputs.map((spec) => {
    const found = labels.get(spec.name);
    return found === undefined ? spec : { ...spec, labels: found };
  });
  return { ...model, outputs };
}

function unknownModel(because: string): Error {
  return inferenceErrors.create("inference/unknown-model", { because });
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.slice(0, 500) ?? "";
}
