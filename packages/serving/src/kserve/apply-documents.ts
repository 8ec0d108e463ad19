import { isMillError } from "@millwright/kernel";
import { modelNames } from "../inference/model-folder.ts";
import { parseModelUri } from "../storage/model-uri.ts";
import type { ModelRegistry } from "../storage/resolve-model-uri.ts";
import { statusOf, type StatusTold } from "./applied-status.ts";
import { readDocumentFolder } from "./document-folder.ts";
import type { KubeDocument, Remark } from "./documents.ts";
import { keepDocument, keptService, uriPath, type Change } from "./kept-documents.ts";
import type { PlannedService } from "./plan.ts";
import { expandLocal } from "./repository-models.ts";
import { afterDocument, keyOf } from "./revisions.ts";
import { wantedModels } from "./wanted-models.ts";

/** Documents that are to be served. */
export interface ApplyRequest {
  readonly documents: string;
  /** Where paths of theirs that are not absolute begin. */
  readonly folder: string;
  /** Only to tell what would be done. */
  readonly dryRun?: boolean;
}

export interface ApplyPlaces {
  readonly folder: string;
  readonly registry?: ModelRegistry;
  /** Names that no document can have, with what has each. */
  readonly taken?: ReadonlyMap<string, string> | undefined;
}

/** What was done of it. How it is served is told as of what is not up. */
export interface AppliedDocuments {
  readonly isApplied: boolean;
  readonly services: readonly ({
    readonly kind: string;
    readonly name: string;
    readonly change: Change;
  } & StatusTold)[];
  readonly remarks: readonly Remark[];
}

/** Keeps documents in a folder that is served; where one of them has an error, none. */
export async function applyDocuments(
  { folder, registry, taken }: ApplyPlaces,
  { documents, folder: from, dryRun = false }: ApplyRequest,
): Promise<AppliedDocuments> {
  const { planText } = await import("./plan-text.ts");
  const planned = planText(documents, { folder: from });
  const remarks: Remark[] = [...planned.remarks];
  const services: PlannedService[] = [];
  for (const service of planned.services) services.push(await registered(service, { registry, remarks }));
  remarks.push(...(await clashes(services, { folder, taken })));
  const isRefused = remarks.some(({ level }) => level === "error");
  const told: AppliedDocuments["services"][number][] = [];
  /** In a dry run, what would be kept by now. */
  const kept = new Map<string, PlannedService>();
  for (const service of isRefused ? [] : services) {
    const { document, canaryPercent = 100 } = service;
    const { kind, name } = document;
    const before = kept.get(keyOf(document)) ?? (await keptService(folder, document));
    const next = afterDocument(before, service);
    if (canaryPercent < 100 && next.rolledOut === undefined) remarks.push(nothingBefore(document));
    kept.set(keyOf(document), next);
    const change = await keepDocument(folder, next, { dryRun });
    told.push({ kind, name, change, ...statusOf(next, undefined) });
  }
  return { isApplied: !dryRun && !isRefused, services: told, remarks };
}

function nothingBefore(document: KubeDocument): Remark {
  const path = ["spec", "predictor", "canaryTrafficPercent"];
  return document.remark("warning", path, "no other model was rolled out before it: all requests are this one's");
}

/** Names that one of the documents would have and that are another's. Those within archives are known when they are served. */
async function clashes(
  services: readonly PlannedService[],
  { folder, taken = new Map() }: Pick<ApplyPlaces, "folder" | "taken">,
): Promise<readonly Remark[]> {
  const own = new Set(services.map(({ document }) => keyOf(document)));
  const kept = (await readDocumentFolder(folder)).services.filter(({ document }) => !own.has(keyOf(document)));
  const beside = (await modelNames(folder).catch(() => [])).map((name) => [name, "a model of the folder"] as const);
  const { refused } = await wantedModels([...kept, ...services], {
    expand: expandLocal,
    taken: new Map([...beside, ...taken]),
    ownerOf: () => undefined,
  });
  return refused
    .filter(({ service: { document } }) => own.has(keyOf(document)))
    .map(({ service: { document }, because }) => document.remark("error", uriPath(document), because));
}

/** A registered model's files: the serving process knows of no registry. An alias is the version that it means now. */
async function registered(
  service: PlannedService,
  { registry, remarks }: { readonly registry: ModelRegistry | undefined; readonly remarks: Remark[] },
): Promise<PlannedService> {
  const { document, model } = service;
  const uri = model === undefined ? undefined : parseModelUri(model.uri);
  if (registry === undefined || model === undefined || uri?.kind !== "registry") return service;
  try {
    const { path, version } = await registry.find(uri);
    if (uri.alias !== undefined)
      remarks.push(
        document.remark("warning", ["spec"], `${model.uri} is version ${version} now: apply it again for a later one`),
      );
    return { ...service, model: { ...model, uri: path } };
  } catch (error) {
    const because = isMillError(error) ? error.because : "the model is not registered";
    remarks.push(document.remark("error", ["spec"], `${model.uri}: ${because}`));
    return service;
  }
}
