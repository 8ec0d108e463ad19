import { resolveModelUri, type ModelStorage } from "../storage/resolve-model-uri.ts";
import { modelFolder, modelNames, readModelFolder, readStoredModel, type ModelFolder } from "./model-folder.ts";

/** Where the models of a server lie. */
export interface ModelPlaces {
  names(): Promise<readonly string[]>;
  /** Whether there is a model of this name: looked up by itself, as there may be thousands. */
  has(name: string): Promise<boolean>;
  /** Reads what lies at one of the names; `config` takes the place of its own. Throws `inference/cannot-load`. */
  read(name: string, config: string | undefined): Promise<ModelFolder>;
}

/** The folders below one. */
export function placesInFolder(root: string): ModelPlaces {
  return {
    names: () => modelNames(root),
    has: async (name) => (await modelFolder(root, name)) !== undefined,
    read: async (name, config) => {
      const place = (await modelFolder(root, name)) ?? noPlace(name);
      return { ...(await readModelFolder(place, config)), place };
    },
  };
}

/** Models by the URI where each is stored: what it leads to is looked up at each load. */
export function placesByUri(uris: ReadonlyMap<string, string>, storage: ModelStorage): ModelPlaces {
  return {
    names: async () => [...uris.keys()].toSorted(),
    has: async (name) => uris.has(name),
    read: async (name, config) => readStoredModel(await resolveModelUri(uris.get(name) ?? "", storage), config),
  };
}

/** Several together: where two have a name, it is the first one's. */
export function placesTogether(all: readonly ModelPlaces[]): ModelPlaces {
  const placesOf = async (name: string): Promise<ModelPlaces | undefined> => {
    for (const places of all) if (await places.has(name)) return places;
    return undefined;
  };
  return {
    names: async () => [...new Set((await Promise.all(all.map((places) => places.names()))).flat())].toSorted(),
    has: async (name) => (await placesOf(name)) !== undefined,
    read: async (name, config) => ((await placesOf(name)) ?? noPlace(name)).read(name, config),
  };
}

/** Of some places those models whose names are so. */
export function placesWhere(places: ModelPlaces, isOne: (name: string) => boolean): ModelPlaces {
  return {
    names: async () => (await places.names()).filter(isOne),
    has: async (name) => isOne(name) && places.has(name),
    read: (name, config) => places.read(name, config),
  };
}

/** Whoever reads has just found the name. */
function noPlace(name: string): never {
  throw new Error(`there is no place of ${name}`);
}
