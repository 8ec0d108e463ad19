import type { Logger } from "@millwright/kernel";
import { answerBody } from "../inference/answer-body.ts";
import type { InferCall } from "../inference/infer.ts";
import type { InferenceServer } from "../inference/inference-server.ts";
import { given } from "../inference/inputs.ts";
import type { AskedBy } from "../inference/ports.ts";
import { statisticsOf } from "../inference/rest/operations.ts";
import type { Region } from "../inference/shared-memory.ts";
import { badRequest, quoted } from "../inference/tensor.ts";
import type {
  AnswersAsked,
  BodyAsked,
  CopyAsked,
  CountedAsked,
  GiveBackAsked,
  InferAsked,
  LendAsked,
  ModelAsked,
  PeerModel,
  RenewAsked,
  WireAskedBy,
} from "./peer-questions.ts";
import { hasOwnTrace, ownMetrics } from "./whole-server.ts";

interface PeerAsked {
  readonly name: string;
  readonly asked: unknown;
  readonly isCancelled: () => boolean;
}

type Answer = (own: Own, asked: never, isCancelled: () => boolean) => unknown;

interface Own {
  /** This process's own part of the whole server. */
  readonly server: InferenceServer;
}

/** What a process that starts again takes over from the others. */
export interface ServerSettings {
  readonly log: Readonly<Record<string, unknown>>;
  readonly trace: Readonly<Record<string, unknown>>;
  readonly regions: readonly Region[];
}

const QUESTIONS: Readonly<Record<string, Answer>> = {
  live: () => true,
  index: ({ server }) => server.models.index(),
  served: ({ server }) => server.models.served().map(({ name }) => name),
  statistics: async ({ server }) => (await statisticsOf(server)).model_stats,
  metrics: ({ server }) => ownMetrics(server),
  lend: ({ server }, { name, by }: LendAsked) =>
    hasOwnTrace(server, name) ? undefined : server.copying?.lent.lend(name, by),
  renew: ({ server }, { copies, by }: RenewAsked) =>
    server.copying?.lent.renew(
      copies.filter(({ name }) => !hasOwnTrace(server, name)),
      by,
    ) ?? [],
  giveBack: ({ server }, { counted, by }: GiveBackAsked) => server.copying?.lent.giveBack(counted, by),
  recall: ({ server }, copy: CopyAsked) => server.copying?.copies.recall(copy),
  counted: ({ server }, { home }: CountedAsked) => server.copying?.copies.counted(home) ?? [],
  answers: ({ server }, { name }: AnswersAsked) => server.models.answers(name),
  describe: async ({ server }, { name, version }: ModelAsked): Promise<PeerModel> => {
    const served = await server.models.obtain(name, version);
    const { platform, backend, inputs, outputs, explanation } = served.model;
    const answersBody = served.model.answerBody !== undefined;
    const load = `${process.pid}:${served.load}`;
    return { version: served.version, platform, backend, inputs, outputs, explanation, answersBody, load };
  },
  infer: async ({ server }, { name, version, inputs, outputs, by }: InferAsked, isCancelled) => {
    const served = await server.models.obtain(name, version);
    const arrivedMs = server.clock.monotonicMs();
    const wanted = outputs.map((output) => ({ name: output }));
    const call: InferCall = {
      ...byOf(by, arrivedMs),
      inputs: inputs.map(given),
      outputs: wanted,
      arrivedMs,
      isCancelled,
    };
    return server.infer(served, call);
  },
  answerBody: async ({ server }, { name, version, body, by }: BodyAsked, isCancelled) => {
    const served = await server.models.obtain(name, version);
    const arrivedMs = server.clock.monotonicMs();
    return answerBody(served, { body, by: { ...byOf(by, arrivedMs), isCancelled }, arrivedMs }, server);
  },
  register: ({ server }, region: Region) => server.memory.register(region),
  unregister: ({ server }, name: string | undefined) => server.memory.unregister(name),
  log: ({ server }, change: Readonly<Record<string, unknown>>) => server.logSettings(change),
  trace: ({ server }, change: Readonly<Record<string, unknown>>) => server.traceSettings(undefined, change),
  settings: ({ server }): ServerSettings => ({
    log: { ...server.logSettings() },
    trace: { ...server.traceSettings() },
    regions: server.memory.status(),
  }),
};

/** Answers what another process asks. Throws what it is refused with. */
export async function answerPeer(own: Own, { name, asked, isCancelled }: PeerAsked): Promise<unknown> {
  const answer = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  if (answer === undefined) throw badRequest(`another process asks ${quoted(name)}, which is not known`);
  return (await answer(own, asked as never, isCancelled)) ?? null;
}

/**
 * What one process is set to, another is set to as well: as far as it is not so already. A region whose segment is there no
 * more keeps none of the others away.
 */
export function takeSettings(server: InferenceServer, { log, trace, regions }: ServerSettings, logger: Logger): void {
  server.logSettings(log);
  server.traceSettings(undefined, trace);
  const known = new Set(server.memory.status().map(({ name }) => name));
  for (const region of regions)
    try {
      if (!known.has(region.name)) server.memory.register(region);
    } catch (error) {
      logger.warn({ err: error, region: region.name }, "a region of shared memory could not be taken over");
    }
}

function byOf({ id, parameters, headers, leftMs, priority, through }: WireAskedBy, nowMs: number): AskedBy {
  const deadlineMs = leftMs === undefined ? undefined : nowMs + leftMs;
  return { id, parameters, headers: headers && (() => headers), deadlineMs, priority, through };
}
