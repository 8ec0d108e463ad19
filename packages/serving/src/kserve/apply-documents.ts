import { isMillError } from "@millwright/kernel";
import { parseModelUri } from "../storage/model-uri.ts";
import type { ModelRegistry } from "../storage/resolve-model-uri.ts";
import { keyOf } from "./document-folder.ts";
import type { KubeDocument, Remark } from "./documents.ts";
import { keepDocument, keptService, type Change } from "./kept-documents.ts";
import type { PlannedService } from "./plan.ts";
import { afterDocument, revisionsOf, type Revision } from "./revisions.ts";

/** Documents that are to be served. */
export interface ApplyRequest {
  readonly documents: string;
  /** Where paths of theirs that are not absolute begin. */
  readonly folder: string;
  /** Only to tell what would be done. */
  readonly dryRun?: boolean;
}

/** A model of a document, and which part of its requests is that model's. */
export interface RevisionTold {
  readonly revision: Revision["revision"];
  readonly percent: number;
  readonly storageUri: string;
  /** By which it is asked by itself. */
  readonly name: string;
  readonly state: AppliedState;
  readonly reason: string;
}

type AppliedState = "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";

/** What was done of it. The states are those of what is not up. */
export interface AppliedDocuments {
  readonly isApplied: boolean;
  readonly services: readonly {
    readonly kind: string;
    readonly name: string;
    readonly change: Change;
    readonly state: AppliedState;
    readonly reason: string;
    /** The models that share its requests, the one that is rolled out first; none of what has no model. */
    readonly revisions: readonly RevisionTold[];
  }[];
  readonly remarks: readonly Remark[];
}

/** Keeps documents in a folder that is served; where one of them has an error, none. */
export async function applyDocuments(
  { folder, registry }: { readonly folder: string; readonly registry?: ModelRegistry },
  { documents, folder: from, dryRun = false }: ApplyRequest,
): Promise<AppliedDocuments> {
  const { planText } = await import("./plan-text.ts");
  const planned = planText(documents, { folder: from });
  const remarks: Remark[] = [...planned.remarks];
  const services: PlannedService[] = [];
  for (const service of planned.services) services.push(await registered(service, { registry, remarks }));
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
    told.push({ kind, name, change, state: "NOT UP", reason: "", revisions: toldRevisions(next) });
  }
  return { isApplied: !dryRun && !isRefused, services: told, remarks };
}

/** The models of a document as they are told where nothing is up. */
export function toldRevisions(service: PlannedService): readonly RevisionTold[] {
  return revisionsOf(service).map(({ revision, percent, model: { uri: storageUri, name } }) => ({
    revision,
    percent,
    storageUri,
    name,
    state: "NOT UP",
    reason: "",
  }));
}

function nothingBefore(document: KubeDocument): Remark {
  const path = ["spec", "predictor", "canaryTrafficPercent"];
  return document.remark("warning", path, "no other model was rolled out before it: all requests are this one's");
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
