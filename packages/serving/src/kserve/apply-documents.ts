import { isMillError } from "@millwright/kernel";
import { parseModelUri } from "../storage/model-uri.ts";
import type { ModelRegistry } from "../storage/resolve-model-uri.ts";
import type { Remark } from "./documents.ts";
import { keepDocument, type Change } from "./kept-documents.ts";
import type { PlannedService } from "./plan.ts";

/** Documents that are to be served. */
export interface ApplyRequest {
  readonly documents: string;
  /** Where paths of theirs that are not absolute begin. */
  readonly folder: string;
  /** Only to tell what would be done. */
  readonly dryRun?: boolean;
}

/** What was done of it. The states are those of what is not up. */
export interface AppliedDocuments {
  readonly isApplied: boolean;
  readonly services: readonly {
    readonly kind: string;
    readonly name: string;
    readonly change: Change;
    readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
    readonly reason: string;
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
  for (const service of isRefused ? [] : services) {
    const { kind, name } = service.document;
    const change = await keepDocument(folder, service, { dryRun });
    told.push({ kind, name, change, state: "NOT UP", reason: "" });
  }
  return { isApplied: !dryRun && !isRefused, services: told, remarks };
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
