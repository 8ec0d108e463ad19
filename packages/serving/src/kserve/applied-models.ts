import { isMillError, type Logger } from "@millwright/kernel";
import type { ModelDirectory } from "../inference/served-model.ts";
import type { CanaryShares } from "./canary-models.ts";
import { textOf } from "./kept-documents.ts";
import type { PlannedModel } from "./plan.ts";
import { documentName, isCanary, isSame, keyOf } from "./revisions.ts";
import type { RolledOutModel } from "./rolled-out.ts";
import type { AppliedModelState } from "./applied-status.ts";
import type { Wanted, WantedModel } from "./wanted-models.ts";

interface Change {
  readonly model: PlannedModel;
  readonly was: PlannedModel | undefined;
  readonly models: LoadingModels;
}

/** Loads and unloads by name what `planned` says of it. */
export type LoadingModels = Pick<ModelDirectory, "load" | "unload" | "index">;

/**
 * The models that documents ask for, and those that are served in their place: one that was rolled out goes on until the one
 * after it has been loaded, also over restarts.
 */
export class AppliedModels {
  readonly #logger: Logger;
  #wanted: Wanted;
  /** What is loaded under each name, or was tried last where nothing else is there. */
  #planned: Map<string, PlannedModel>;
  #shares: CanaryShares;
  #rolledOut: ReadonlyMap<string, RolledOutModel>;
  /** Why the model that is wanted under a name could not be loaded. */
  readonly #failures = new Map<string, string>();
  #isFirst = true;

  constructor(
    wanted: Wanted,
    { rolledOut, logger }: { readonly rolledOut: ReadonlyMap<string, RolledOutModel>; readonly logger: Logger },
  ) {
    this.#logger = logger;
    this.#wanted = wanted;
    this.#rolledOut = rolledOut;
    this.#planned = new Map(
      [...wanted.models].map(([name, { service, model }]) => {
        const before = rolledOut.get(name);
        return [name, before?.key === keyOf(service.document) ? before.model : model];
      }),
    );
    this.#shares = sharesOf(wanted);
  }

  get planned(): ReadonlyMap<string, PlannedModel> {
    return this.#planned;
  }

  /** The percentage of each canary, by its document's model. */
  get shares(): CanaryShares {
    return this.#shares;
  }

  get rolledOut(): ReadonlyMap<string, RolledOutModel> {
    return this.#rolledOut;
  }

  /** Where those lie that are wanted and could not be loaded. */
  failedUris(): readonly string[] {
    return [...this.#failures.keys()].flatMap((name) => this.#wanted.models.get(name)?.model.uri ?? []);
  }

  /** The document whose model has a name now. */
  ownerOf(name: string): string | undefined {
    const { service } = this.#wanted.models.get(name) ?? {};
    return service === undefined ? this.#rolledOut.get(name)?.key : keyOf(service.document);
  }

  /** Loads what is wanted from now on in place of what was before; what could not be loaded is tried again. */
  async change(wanted: Wanted, models: LoadingModels): Promise<void> {
    const before = this.#planned;
    const isFirst = this.#isFirst;
    if (isFirst) await this.#findFailed(models);
    this.#isFirst = false;
    this.#wanted = wanted;
    this.#planned = new Map([...wanted.models].map(([name, { model }]) => [name, before.get(name) ?? model]));
    const gone = [...before.keys()].filter((name) => !wanted.models.has(name));
    const unload = async (name: string) =>
      models.unload(name).catch((error: unknown) => {
        // One that is loaded on demand may never have been.
        if (!isMillError(error) || error.code !== "inference/unknown-model") this.#failed(name, error);
      });
    for (const name of gone) if (!isCanary(name)) await unload(name);
    const ready = await readyNames(models);
    for (const [name, { model }] of wanted.models) {
      const was = before.get(name);
      const isChanged = !isSame(was, model);
      const isFailing = this.#failures.has(name) && !ready.has(name);
      if (isChanged || (isFailing && !isFirst)) await this.#load(name, { model, was, models });
      else if (!isFailing) this.#failures.delete(name);
    }
    // One that is rolled out has answered its share until it answers all.
    this.#shares = sharesOf(wanted);
    for (const name of gone) if (isCanary(name)) await unload(name);
    for (const name of gone) this.#failures.delete(name);
    this.#rolledOut = await this.#answering(models);
  }

  async #load(name: string, { model, was, models }: Change): Promise<void> {
    // A canary that cannot be loaded leaves no share to the one before it.
    if (isCanary(name) && !isSame(was, model)) await models.unload(name).catch(() => undefined);
    this.#planned.set(name, model);
    this.#failures.delete(name);
    try {
      await models.load(name);
    } catch (error) {
      this.#failed(name, error);
      if (was === undefined || isCanary(name)) return;
      const goesOn = isSame(this.#rolledOut.get(name)?.model, was) || (await readyNames(models)).has(name);
      if (goesOn) this.#planned.set(name, was);
    }
  }

  #failed(name: string, error: unknown): void {
    this.#failures.set(name, isMillError(error) ? error.because : String(error));
    this.#logger.error({ err: error, model: name }, "what a document asks for could not be loaded");
  }

  /** What could not be loaded at the start is tried again at the next change. */
  async #findFailed(models: LoadingModels): Promise<void> {
    for (const { name, state, reason } of await models.index())
      if (state === "UNAVAILABLE" && this.#planned.has(name)) this.#failures.set(name, reason);
  }

  /** What is rolled out: of each name what was last, where what is wanted under it does not answer. */
  async #answering(models: LoadingModels): Promise<ReadonlyMap<string, RolledOutModel>> {
    const ready = await readyNames(models);
    const found = new Map<string, RolledOutModel>();
    for (const [name, { model, service }] of this.#wanted.models) {
      if (isCanary(name)) continue;
      const isNew = ready.has(name) && !this.#failures.has(name);
      const last = isNew ? rolledOutOf(service, model) : this.#rolledOut.get(name);
      if (last?.key === keyOf(service.document)) found.set(name, last);
    }
    return found;
  }

  /** How each name that documents want is served. */
  states(): readonly AppliedModelState[] {
    const loaded = [...this.#wanted.models].map(([name, { service, revision, model }]): AppliedModelState => {
      const served = this.#planned.get(name) ?? model;
      return {
        ...toldOf(service, name),
        revision,
        isRepository: model.within !== undefined,
        servedUri: isSame(served, model) ? null : served.uri,
        reason: this.#failures.get(name) ?? "",
      };
    });
    const refused = this.#wanted.refused.map(({ service, name, because }): AppliedModelState => ({
      ...toldOf(service, name),
      revision: isCanary(name) ? "canary" : "rolled-out",
      isRepository: true,
      servedUri: null,
      reason: because,
      isRefused: true,
    }));
    return [...loaded, ...refused];
  }
}

function toldOf({ document: { kind, name: document } }: WantedModel["service"], name: string) {
  return { kind, document, name };
}

function rolledOutOf(service: WantedModel["service"], model: PlannedModel): RolledOutModel {
  const { document, model: own } = service.rolledOut ?? service;
  return { key: keyOf(document), model, text: textOf({ document, model: own }) };
}

function sharesOf({ models }: Wanted): CanaryShares {
  const canaries = [...models].filter(([name]) => isCanary(name));
  return new Map(canaries.map(([name, { percent }]) => [documentName(name), percent]));
}

async function readyNames(models: LoadingModels): Promise<ReadonlySet<string>> {
  return new Set((await models.index()).filter(({ state }) => state === "READY").map(({ name }) => name));
}
