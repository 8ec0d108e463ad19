import type { Logger } from "@millwright/kernel";
import type { DeployedFunction } from "../deployment.ts";
import { inParallel } from "../in-parallel.ts";
import type { HeldRecords } from "../prediction-log.ts";
import type { ServicePorts } from "../service.ts";
import { loadFunction, type FunctionAnswer, type FunctionPorts, type LoadedFunction } from "./load-function.ts";

interface ServedFunctionsOptions {
  /** What `millwright` means to the project's functions. */
  readonly millwrightUrl: string;
  readonly logger: Logger;
  /** Answers what a function asks of another service. */
  readonly ask: FunctionPorts["ask"];
}

/** The project's functions that answer now. */
export class ServedFunctions {
  readonly #options: ServedFunctionsOptions;
  #functions = new Map<string, LoadedFunction>();
  readonly #retiring = new Map<NodeJS.Timeout, LoadedFunction>();

  constructor(options: ServedFunctionsOptions) {
    this.#options = options;
  }

  all(): readonly LoadedFunction[] {
    return [...this.#functions.values()];
  }

  get(name: string): LoadedFunction | undefined {
    return this.#functions.get(name);
  }

  /** Has these answer. One whose file cannot be read leaves what answers by its name, and the others, as they are. */
  async take(ports: ServicePorts, wanted: readonly DeployedFunction[]): Promise<void> {
    const before = this.#functions;
    const { logger } = this.#options;
    const load = async (deployed: DeployedFunction): Promise<readonly LoadedFunction[]> => {
      const known = before.get(deployed.name);
      if (known !== undefined && JSON.stringify(known.deployed) === JSON.stringify(deployed)) return [known];
      try {
        return [await loadFunction({ ...ports, ...this.#options }, deployed)];
      } catch (error) {
        logger.error({ err: error, service: deployed.name }, "a function could not be loaded");
        return known === undefined ? [] : [known];
      }
    };
    const loaded = (await Promise.all(wanted.map(load))).flat();
    this.#functions = new Map(loaded.map((one) => [one.deployed.name, one]));
    for (const one of before.values()) if (this.#functions.get(one.deployed.name) !== one) this.#retire(one);
  }

  /** What it has begun it still answers. */
  #retire(one: LoadedFunction): void {
    const timer = setTimeout(() => {
      this.#retiring.delete(timer);
      one.close().catch(() => undefined);
    }, one.deployed.limits.timeoutMs);
    this.#retiring.set(timer, one);
  }

  async close(): Promise<void> {
    for (const timer of this.#retiring.keys()) clearTimeout(timer);
    await Promise.all([...this.#retiring.values(), ...this.#functions.values()].map((one) => one.close()));
  }
}

/** Asks a function many rows beside each other, as many as it takes at a time; the first refusal ends them. */
export function callRows(
  one: LoadedFunction,
  rows: readonly Readonly<Record<string, unknown>>[],
  {
    idOf,
    ...kept
  }: {
    readonly idOf: (at: number) => string | undefined;
    readonly log: HeldRecords;
    readonly isTrial: boolean | undefined;
  },
): Promise<readonly FunctionAnswer[]> {
  return inParallel(rows, one.deployed.limits.concurrency, (row, at) => one.call(row, { id: idOf(at), ...kept }));
}
