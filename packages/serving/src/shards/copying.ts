import type { Clock, Logger } from "@millwright/kernel";
import type { InferenceServer } from "../inference/inference-server.ts";
import type { ModelDirectory } from "../inference/served-model.ts";
import { LentModels } from "./lent-models.ts";
import { ModelCopies } from "./model-copies.ts";
import type { Peer } from "./peer.ts";
import type { Shards } from "./shards.ts";

/** One of several processes: which of its models others have copies of, and which copies of theirs it has. */
export interface Copying {
  readonly lent: LentModels;
  readonly copies: ModelCopies;
}

export interface CopyingOptions {
  readonly shards: Shards;
  /** What all copies here may take. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `own` has this process's models, and loads copies beside them. */
export function createCopying(own: ModelDirectory, { shards, ...options }: CopyingOptions): Copying {
  const { index, copied, homeOf, peerAt } = shards;
  const copies = new ModelCopies({ ...options, own, index, copied, homeOf, peerAt });
  shards.whenLost((home) => copies.lost(home));
  return { copies, lent: new LentModels({ ...options, own, index, peerAt }) };
}

/** Another process that answers an inference; it is told of each that it has answered so. */
export interface Answerer {
  readonly peer: Peer;
  readonly answered: (waitedMs: number) => void;
}

/** The process that answers an inference of a model; undefined where it is this one, of its own model or of a copy. */
export function answererOf({ shards, copying }: InferenceServer, name: string): Answerer | undefined {
  const peer = shards?.ownerOf(name);
  if (peer === undefined || copying?.copies.has(name) === true) return undefined;
  return { peer, answered: (waitedMs) => copying?.copies.relayed(name, waitedMs) };
}
