import { resolveModelUri, type ModelStorage } from "../storage/resolve-model-uri.ts";
import { folderOf, modelNames, readModelFolder, readStoredModel, type ModelFolder } from "./model-folder.ts";

/** Where the models of a server lie. */
export interface ModelPlaces {
  names(): Promise<readonly string[]>;
  /** Reads what lies at one of the names; `config` takes the place of its own. Throws `inference/cannot-load`. */
  read(name: string, config: string | undefined): Promise<ModelFolder>;
}

/** The folders below one. */
export function placesInFolder(root: string): ModelPlaces {
  return {
    names: () => modelNames(root),
    read: async (name, config) => readModelFolder(await folderOf(root, name), config),
  };
}

/** Models by the URI where each is stored: what it leads to is looked up at each load. */
export function placesByUri(uris: ReadonlyMap<string, string>, storage: ModelStorage): ModelPlaces {
  return {
    names: async () => [...uris.keys()].toSorted(),
    read: async (name, config) => readStoredModel(await resolveModelUri(uris.get(name) ?? "", storage), config),
  };
}

/** Several together: where two have a name, it is the first one's. */
export function placesTogether(all: readonly ModelPlaces[]): ModelPlaces {
  const named = async () => Promise.all(all.map(async (places) => ({ places, names: await places.names() })));
  return {
    names: async () => [...new Set((await named()).flatMap(({ names }) => names))].toSorted(),
    read: async (name, config) => {
      const found = (await named()).find(({ names }) => names.includes(name));
      // Whoever reads has just found the name.
      if (found === undefined) throw new Error(`there is no place of ${name}`);
      return found.places.read(name, config);
    },
  };
}
