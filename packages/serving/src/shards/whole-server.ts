import type { InferenceServer } from "../inference/inference-server.ts";
import { inferenceMetrics } from "../inference/metrics.ts";
import type { IndexEntry } from "../inference/served-model.ts";
import type { LogSettings, TraceSettings } from "../inference/settings.ts";
import type { Region } from "../inference/shared-memory.ts";
import { mergedMetrics } from "./merged-metrics.ts";
import { shardAway } from "./peer.ts";

// What is asked of a server as a whole, be it one process or several.

type Change = Readonly<Record<string, unknown>>;

/** What the other processes answer; those that are not there are left out. */
export async function askedAll<Answer>(server: InferenceServer, name: string): Promise<readonly Answer[]> {
  const answers = (await server.shards?.askAll(name)) ?? [];
  return (answers as readonly (Answer | undefined)[]).filter((answer) => answer !== undefined);
}

/** Whether every process answers. */
export async function areAllThere(server: InferenceServer): Promise<boolean> {
  const answers = (await server.shards?.askAll("live")) ?? [];
  return answers.every((answer) => answer !== undefined);
}

/** Throws `inference/shard-away` where a process is not there. */
export async function requireAll(server: InferenceServer): Promise<void> {
  if (!(await areAllThere(server))) throw shardAway();
}

/** The models of all processes. Those of one that is not there are told as not ready. */
export async function wholeIndex(server: InferenceServer): Promise<readonly IndexEntry[]> {
  const { models, shards } = server;
  const own = await models.index();
  if (shards === undefined) return own;
  const others = (await askedAll<readonly IndexEntry[]>(server, "index")).flat();
  const told = new Set([...own, ...others].map(({ name }) => name));
  const missing = (await shards.names())
    .filter((name) => !told.has(name))
    .map((name): IndexEntry => ({ name, version: "", state: "UNAVAILABLE", reason: "its process is started again" }));
  return [...own, ...others, ...missing].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** The names of the models that are in memory. */
export async function wholeNames(server: InferenceServer): Promise<readonly string[]> {
  const own = server.models.served().map(({ name }) => name);
  return [...new Set([...own, ...(await askedAll<readonly string[]>(server, "served")).flat()])];
}

/** Of this process, with what copies of its models have counted. In Prometheus' text format. */
export async function ownMetrics(server: InferenceServer): Promise<string> {
  await server.copying?.lent.gather();
  return inferenceMetrics(server);
}

/** In Prometheus' text format. */
export async function wholeMetrics(server: InferenceServer): Promise<string> {
  const own = await ownMetrics(server);
  return server.shards === undefined ? own : mergedMetrics([own, ...(await askedAll<string>(server, "metrics"))]);
}

/** Throws what one process throws; then it is registered in none. */
export async function registerEverywhere(server: InferenceServer, region: Region): Promise<void> {
  server.memory.register(region);
  try {
    await server.shards?.askAll("register", region);
  } catch (error) {
    await unregisterEverywhere(server, region.name);
    throw error;
  }
}

/** One region, or all. */
export async function unregisterEverywhere(server: InferenceServer, name: string | undefined): Promise<void> {
  server.memory.unregister(name);
  await server.shards?.askAll("unregister", name);
}

export async function logEverywhere(server: InferenceServer, change: Change): Promise<LogSettings> {
  const settings = server.logSettings(change);
  await server.shards?.askAll("log", change);
  return settings;
}

export async function traceEverywhere(server: InferenceServer, change: Change): Promise<TraceSettings> {
  const settings = server.traceSettings(undefined, change);
  await server.shards?.askAll("trace", change);
  return settings;
}

/** One model's: a copy is traced as all are, so that none answers any more. */
export async function traceOfModel(server: InferenceServer, name: string, change: Change): Promise<TraceSettings> {
  const settings = server.traceSettings(name, change);
  await server.copying?.lent.recall(name);
  return settings;
}

/** Whether a model is traced otherwise than all are; not where it is not in memory. */
export function hasOwnTrace(server: InferenceServer, name: string): boolean {
  try {
    return JSON.stringify(server.traceSettings(name)) !== JSON.stringify(server.traceSettings());
  } catch {
    return false;
  }
}
