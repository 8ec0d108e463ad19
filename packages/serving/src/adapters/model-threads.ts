import { ModelThreads, type ModelThreadsOptions } from "../threads/model-threads.ts";

/** Threads for models, which start when they are first asked; undefined where there are to be none. */
export function createModelThreads(options: ModelThreadsOptions): ModelThreads | undefined {
  return options.threads === 0 ? undefined : new ModelThreads(options);
}
