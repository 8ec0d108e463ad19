import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@millwright/kernel";
import { fullConfig } from "../inference/full-config.ts";
import { inferenceErrors } from "../inference/errors.ts";
import type { AskedBy, InferenceModel } from "../inference/ports.ts";
import { serveModel, type ModelDirectory, type ServedModel } from "../inference/served-model.ts";
import { quoted, type Tensor } from "../inference/tensor.ts";
import type { Answerer, Copying } from "./copying.ts";
import { SETTLED_MS } from "./model-origin.ts";
import type { Peer } from "./peer.ts";
import type { AnswersAsked, ModelAsked, PeerModel, WireAskedBy } from "./peer-questions.ts";
import type { Shards } from "./shards.ts";

/** Its own process keeps what is asked of it. */
const KEPT_BY_ITS_OWN = { parameters: { payload_log: { string_value: "none" } } };

/**
 * A directory as it is in one of several processes: its own models, and beside them those of the others as copies, or as
 * models that have their process answer, which graphs ask. What is listed and counted is this process's own.
 */
export function withPeerModels(
  own: ModelDirectory,
  {
    shards,
    copying: { lent, copies },
    clock,
  }: { readonly shards: Shards; readonly copying: Copying; readonly clock: Clock },
): ModelDirectory {
  const known = new Map<string, ServedModel & { readonly peerLoad: string }>();
  const obtain = async (peer: Peer, { name, version }: ModelAsked): Promise<ServedModel> => {
    const key = JSON.stringify([name, version ?? ""]);
    const told = (await peer.ask("describe", { name, version } satisfies ModelAsked)) as PeerModel;
    const before = known.get(key);
    if (before?.peerLoad === told.load) return before;
    const answered = (waitedMs: number) => copies.relayed(name, waitedMs);
    const model = peerModel({ peer, answered }, { name, version, told, clock });
    const served = serveModel(
      { name, version: told.version, model, bytes: 0, config: fullConfig(name, KEPT_BY_ITS_OWN, model) },
      { clock, onCloseFailed: () => {} },
    );
    known.set(key, { ...served, peerLoad: told.load });
    before?.retire();
    return served;
  };
  const find = (name: string, version?: string): ServedModel => {
    const served = known.get(JSON.stringify([name, version ?? ""]));
    if (served !== undefined) return served;
    throw inferenceErrors.create("inference/not-ready", { because: `${quoted(name)} is another process's` });
  };
  return {
    ...plain(own),
    index: async () => (await own.index()).filter(({ name }) => shards.isOwn(name)),
    served: () => own.served().filter(({ name }) => shards.isOwn(name)),
    find: (name, version) => (shards.isOwn(name) || copies.has(name) ? own.find(name, version) : find(name, version)),
    obtain: (name, version) => {
      const peer = shards.ownerOf(name);
      if (peer === undefined) return lent.obtain(name, version);
      return copies.has(name) ? own.obtain(name, version) : obtain(peer, { name, version });
    },
    answers: async (name) => {
      const peer = shards.ownerOf(name);
      return peer === undefined
        ? own.answers(name)
        : ((await peer.ask("answers", { name } satisfies AnswersAsked)) as boolean);
    },
    load: async (name, options) => {
      // Models are laid there and loaded at once: they are to be copied too.
      await sleep(SETTLED_MS);
      await own.load(name, options);
      await lent.recall(name);
    },
    unload: async (name) => {
      await own.unload(name);
      await lent.recall(name);
    },
    close: () => {
      copies.close();
      return own.close();
    },
  };
}

/** With its methods as its own, whichever way it is made. */
function plain(own: ModelDirectory): ModelDirectory {
  return {
    index: () => own.index(),
    find: (name, version) => own.find(name, version),
    obtain: (name, version) => own.obtain(name, version),
    answers: (name) => own.answers(name),
    versions: (name) => own.versions(name),
    served: () => own.served(),
    load: (name, options) => own.load(name, options),
    unload: (name) => own.unload(name),
    residency: () => own.residency(),
    close: () => own.close(),
  };
}

interface PeerModelParts extends ModelAsked {
  readonly told: PeerModel;
  readonly clock: Clock;
}

function peerModel({ peer, answered }: Answerer, { name, version, told, clock }: PeerModelParts): InferenceModel {
  const { platform, backend, inputs, outputs, explanation, answersBody } = told;
  const ask = async <Answer>(question: string, asked: object, by: AskedBy | undefined) => {
    const askedMs = clock.monotonicMs();
    const told = { name, version, ...asked, by: wireOf(by, clock) };
    const answer = (await peer.ask(question, told, { isGone: by?.isCancelled })) as Answer;
    answered(clock.monotonicMs() - askedMs);
    return answer;
  };
  return {
    platform,
    backend,
    inputs,
    outputs,
    explanation,
    infer: (given, wanted, by) => ask<readonly Tensor[]>("infer", { inputs: given, outputs: wanted }, by),
    ...(answersBody
      ? { answerBody: (body: string, by: AskedBy) => ask<{ status: number; body: string }>("answerBody", { body }, by) }
      : {}),
    close: async () => {},
  };
}

/** What can cross to another process of what a request said of itself. */
function wireOf({ id, parameters, headers, deadlineMs, priority, through }: AskedBy = {}, clock: Clock): WireAskedBy {
  const leftMs = deadlineMs === undefined ? undefined : deadlineMs - clock.monotonicMs();
  return { id, parameters, headers: headers?.(), leftMs, priority, through };
}
