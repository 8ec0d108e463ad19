import { isMillError } from "@millwright/kernel";
import type { ModelDirectory } from "./served-model.ts";

/** Two directories as one: what the first does not know is the second's. */
export function joinedModels(first: ModelDirectory, second: ModelDirectory): ModelDirectory {
  const ask = <Answer>(question: (directory: ModelDirectory) => Answer): Answer => {
    try {
      return question(first);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return orFirst(error, () => question(second));
    }
  };
  const askLater = async <Answer>(question: (directory: ModelDirectory) => Promise<Answer>): Promise<Answer> => {
    try {
      return await question(first);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return question(second).catch((other: unknown) => {
        throw isUnknown(other) ? error : other;
      });
    }
  };
  return {
    index: async () => {
      const own = await first.index();
      const names = new Set(own.map(({ name }) => name));
      return [...own, ...(await second.index()).filter(({ name }) => !names.has(name))];
    },
    find: (name, version) => ask((directory) => directory.find(name, version)),
    obtain: (name, version) => askLater((directory) => directory.obtain(name, version)),
    answers: (name) => askLater((directory) => directory.answers(name)),
    versions: (name) => ask((directory) => directory.versions(name)),
    served: () => [...first.served(), ...second.served()],
    load: (name, options) => askLater((directory) => directory.load(name, options)),
    unload: (name) => askLater((directory) => directory.unload(name)),
    residency: () => second.residency(),
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
}

/** Where neither knows of it, it is told as the first one tells. */
function orFirst<Answer>(first: unknown, question: () => Answer): Answer {
  try {
    return question();
  } catch (error) {
    throw isUnknown(error) ? first : error;
  }
}

/** Services are a project's models: theirs is another name for the same. */
function isUnknown(error: unknown): boolean {
  return isMillError(error) && ["inference/unknown-model", "serving/unknown-service"].includes(error.code);
}
