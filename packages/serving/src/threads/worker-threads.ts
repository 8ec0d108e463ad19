import type { ModelConfig } from "../inference/model-config.ts";
import { cannotLoad } from "../inference/model-folder.ts";
import type { ModelThreads } from "./model-threads.ts";

/**
 * In how many threads a configuration has its model run: the parameter `worker_threads`, 0 for the answering loop; else an
 * `instance_group` of several instances of `KIND_CPU`, each in its own. Undefined where it says nothing. Throws
 * `inference/cannot-load`.
 */
export function workerThreads(config: ModelConfig, threads: ModelThreads | undefined): number | undefined {
  const told = config.parameters?.["worker_threads"]?.string_value;
  const groups = (config.instance_group ?? []).filter(({ kind }) => kind === "KIND_CPU");
  const instances = groups.reduce((sum, { count = 1 }) => sum + Math.max(1, count), 0);
  const wanted = told === undefined ? (instances > 1 ? instances : undefined) : Number(told);
  if (wanted === undefined) return undefined;
  if (!/^\d{1,3}$/.test(told ?? String(wanted)))
    throw cannotLoad(`its parameter worker_threads is ${JSON.stringify(told)}, no number`);
  const count = threads?.count ?? 0;
  // Instances beyond the threads that there are wait in the queue for one of them.
  if (told === undefined) return Math.min(wanted, count);
  if (wanted > count) throw cannotLoad(`it is to run in ${wanted} threads, and the server has ${count} (--threads)`);
  return wanted;
}
