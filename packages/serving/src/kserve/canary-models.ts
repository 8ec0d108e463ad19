import type { AskedBy } from "../inference/ports.ts";
import type { ModelDirectory, ServedModel } from "../inference/served-model.ts";
import { createSplit, type Split, type Weighted } from "../traffic/split.ts";
import { requestKey } from "../traffic/sticky-key.ts";
import { canaryName } from "./revisions.ts";

/** Which part of whose requests a canary answers, in percent, by the document's name. */
export type CanaryShares = ReadonlyMap<string, number>;

export interface CanaryOptions {
  /** Asked at each request. */
  readonly shares: () => CanaryShares;
  /** From 0 to 1: it assigns a request that names itself by nothing. */
  readonly random: () => number;
}

type Shared = Split<Weighted & { readonly name: "rolled-out" | "canary" }>;

/**
 * Has canaries answer their shares of the requests to the models that are rolled out. A request is assigned by its sequence,
 * else by its id, and one that has neither by chance. Where a canary does not answer, or not in the version that is asked
 * for, all requests are those of the model that is rolled out.
 */
export function withCanaries(base: ModelDirectory, { shares, random }: CanaryOptions): ModelDirectory {
  const splits = new Map<string, { readonly percent: number; readonly split: Shared }>();
  const splitOf = (name: string, percent: number): Shared => {
    const known = splits.get(name);
    if (known?.percent === percent) return known.split;
    const split = canarySplit(name, percent);
    splits.set(name, { percent, split });
    return split;
  };
  const obtain = async (name: string, version?: string): Promise<ServedModel> => {
    const rolledOut = await base.obtain(name, version);
    const percent = shares().get(name) ?? 0;
    if (percent === 0) return rolledOut;
    const canary = await base.obtain(canaryName(name), version).catch(() => undefined);
    if (canary === undefined) return rolledOut;
    const split = splitOf(name, percent);
    return {
      ...rolledOut,
      revisionFor: (asked) => (split.choose(keyOf(asked) ?? `${random()}`).name === "canary" ? canary : rolledOut),
    };
  };
  return {
    index: () => base.index(),
    find: (name, version) => base.find(name, version),
    obtain,
    answers: (name) => base.answers(name),
    versions: (name) => base.versions(name),
    served: () => base.served(),
    load: (name, options) => base.load(name, options),
    unload: (name) => base.unload(name),
    residency: () => base.residency(),
    close: () => base.close(),
  };
}

function canarySplit(name: string, percent: number): Shared {
  const targets = [
    { name: "rolled-out" as const, weight: 100 - percent },
    { name: "canary" as const, weight: percent },
  ];
  return createSplit(targets, { salt: name });
}

/** A sequence's requests stay together. */
function keyOf({ id, parameters }: Pick<AskedBy, "id" | "parameters">): string | undefined {
  const sequence = requestKey({ parameter: "sequence_id" }, { parameters });
  // 0 is of no sequence.
  if (sequence !== undefined && sequence !== "0") return `sequence ${sequence}`;
  return id === undefined || id === "" ? undefined : id;
}
