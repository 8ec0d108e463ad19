import { isMillError } from "@millwright/kernel";
import type { PlannedModel, PlannedService } from "./plan.ts";
import type { ExpandModel } from "./repository-models.ts";
import { documentName, isCanary, keyOf, revisionsOf, type Revision } from "./revisions.ts";

/** A model that is to be loaded, and the document that asks for it. */
export interface WantedModel extends Revision {
  readonly service: PlannedService;
}

/** A name that a document's model would have and does not get. */
interface RefusedName {
  readonly service: PlannedService;
  readonly name: string;
  readonly because: string;
}

export interface Wanted {
  /** By the name under which each is loaded. */
  readonly models: ReadonlyMap<string, WantedModel>;
  readonly refused: readonly RefusedName[];
}

/** Who has the names. */
export interface NameClaims {
  readonly expand: ExpandModel;
  /** Names that are no document's to have, with what has each. */
  readonly taken: ReadonlyMap<string, string>;
  /** The document that has a name by now, by `keyOf`. */
  readonly ownerOf: (name: string) => string | undefined;
}

/**
 * What documents ask to be loaded, each name by one of them: by the one that has it by now, else by the first. The others are
 * refused it, by the name; whatever else they ask for they get. Nothing is loaded.
 */
export async function wantedModels(services: readonly PlannedService[], claims: NameClaims): Promise<Wanted> {
  const all = (await Promise.all(services.map((service) => modelsOf(service, claims.expand)))).flat();
  const owners = ownersOf(all, services, claims);
  const models = new Map<string, WantedModel>();
  const refused: RefusedName[] = [];
  for (const wanted of all) {
    const { service, model } = wanted;
    const because = refusalOf(wanted, { owners, taken: claims.taken });
    if (because === undefined) models.set(model.name, wanted);
    else refused.push({ service, name: model.name, because });
  }
  return { models, refused };
}

async function modelsOf(service: PlannedService, expand: ExpandModel): Promise<readonly WantedModel[]> {
  const revisions = await Promise.all(
    revisionsOf(service).map(async (revision) => {
      // What cannot be reached is told when it is loaded.
      const models = await expand(revision.model).catch((error: unknown): readonly PlannedModel[] => {
        if (isMillError(error)) return [revision.model];
        throw error;
      });
      return models.map((model) => ({ ...revision, model, service }));
    }),
  );
  return revisions.flat();
}

/** Graphs have their names before any model. */
function ownersOf(
  all: readonly WantedModel[],
  services: readonly PlannedService[],
  { ownerOf }: NameClaims,
): ReadonlyMap<string, PlannedService> {
  const owners = new Map<string, PlannedService>();
  for (const service of services) if (service.graph !== undefined) owners.set(service.document.name, service);
  const isOwner = ({ model, service }: WantedModel) => ownerOf(documentName(model.name)) === keyOf(service.document);
  for (const { model, service } of [...all.filter(isOwner), ...all]) {
    const name = documentName(model.name);
    if (!owners.has(name)) owners.set(name, service);
  }
  return owners;
}

function refusalOf(
  { model, service }: WantedModel,
  { owners, taken }: { readonly owners: ReadonlyMap<string, PlannedService> } & Pick<NameClaims, "taken">,
): string | undefined {
  const name = documentName(model.name);
  const other = taken.get(name);
  if (other !== undefined) return `${other} is served as ${name}`;
  if (isCanary(name)) return `${name} is a name of canaries`;
  const owner = owners.get(name);
  if (owner === undefined || keyOf(owner.document) === keyOf(service.document)) return undefined;
  return `${owner.document.kind} ${owner.document.name} has the name ${name}`;
}
