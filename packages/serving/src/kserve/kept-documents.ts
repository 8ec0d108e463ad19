import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileDurably } from "@millwright/platform";
import type { GraphDefinition } from "../graphs/graph-definition.ts";
import type { KubeDocument } from "./documents.ts";
import { HEADERS_ANNOTATION, type PlannedModel, type PlannedService } from "./plan.ts";
import { afterDocument, isSame, keyOf } from "./revisions.ts";
import { forgetRolledOut, readRolledOut } from "./rolled-out.ts";

/** The file of an applied document. Kinds and names have no character that a path could go elsewhere by. */
function documentFile(folder: string, { kind, name }: Pick<KubeDocument, "kind" | "name">): string {
  return join(folder, `${kind.toLowerCase()}.${name}.yaml`);
}

export type Change = "created" | "configured" | "unchanged";

export interface KeptDocument {
  readonly document: KubeDocument;
  readonly model?: PlannedModel | undefined;
}

/**
 * What is kept of a kind and name; undefined where nothing is, or nothing that can be served. Where its model has not been
 * loaded yet, what was rolled out before it is rolled out still.
 */
export async function keptService(folder: string, named: KubeDocument): Promise<PlannedService | undefined> {
  const text = await readFile(documentFile(folder, named), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { planText } = await import("./plan-text.ts");
  const last = (of: string) =>
    planText(of, { folder }).services.reduce<PlannedService | undefined>(afterDocument, undefined);
  const kept = last(text);
  const models = [...(await readRolledOut(folder)).values()].filter(({ key }) => key === keyOf(named));
  const texts = new Set(models.map(({ text: rolledOut }) => rolledOut));
  // Of a repository some models may be rolled out already: it is, once all are.
  const before = [...texts].map(last).find((one) => !isSame(one?.model, kept?.model));
  if (kept === undefined || before?.model === undefined) return kept;
  return { ...kept, rolledOut: { document: before.document, model: before.model } };
}

/** Keeps a document in a folder, after the one that is rolled out if it is a canary; their models' paths are written out in full. */
export async function keepDocument(
  folder: string,
  { document, model, rolledOut }: PlannedService,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<Change> {
  const kept: readonly KeptDocument[] = [...(rolledOut === undefined ? [] : [rolledOut]), { document, model }];
  const text = kept.map(textOf).join("---\n");
  const file = documentFile(folder, document);
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === text) return "unchanged";
  if (!dryRun) await writeFileDurably(file, text);
  return before === undefined ? "created" : "configured";
}

/** A document with its model's path written out in full. */
export function textOf({ document, model }: KeptDocument): string {
  return document.textWith(new Map(model === undefined ? [] : [[uriPath(document), model.uri]]));
}

/** Where in a document its model's URI is written. */
export function uriPath({ kind, value }: KubeDocument): readonly string[] {
  if (kind === "TrainedModel") return ["spec", "model", "storageUri"];
  const { predictor } = value["spec"] as {
    readonly predictor: Readonly<Record<string, { storageUri?: string } | null>>;
  };
  const at = Object.keys(predictor).find((name) => typeof predictor[name]?.storageUri === "string");
  return ["spec", "predictor", at ?? "model", "storageUri"];
}

/** Takes a document of a kind and name away; whether there was one. */
export async function dropDocument(folder: string, named: Pick<KubeDocument, "kind" | "name">): Promise<boolean> {
  const file = documentFile(folder, named);
  const isThere = await readFile(file).then(
    () => true,
    () => false,
  );
  await rm(file, { force: true });
  await forgetRolledOut(folder, keyOf(named));
  return isThere;
}

/** The file of the graphs that a project defines. */
export const DEFINED_FILE = "defined-graphs.yaml";

/** Keeps the graphs that a project defines beside the documents that were applied. */
export async function keepGraphs(folder: string, graphs: readonly GraphDefinition[]): Promise<void> {
  const file = join(folder, DEFINED_FILE);
  const before = await readFile(file, "utf8").catch(() => "");
  const text = graphs.map((graph) => JSON.stringify(graphDocument(graph), null, 2)).join("\n---\n");
  if (text !== before) await writeFileDurably(file, text);
}

/** A graph as KServe's document; its times in seconds. */
function graphDocument({ name, nodes, timeoutMs, stepTimeoutMs, propagateHeaders = [] }: GraphDefinition): object {
  const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1_000));
  const annotations = propagateHeaders.length === 0 ? {} : { [HEADERS_ANNOTATION]: propagateHeaders.join(",") };
  return {
    apiVersion: "serving.kserve.io/v1alpha1",
    kind: "InferenceGraph",
    metadata: { name, annotations },
    spec: {
      nodes,
      ...(timeoutMs === undefined ? {} : { timeout: seconds(timeoutMs) }),
      ...(stepTimeoutMs === undefined ? {} : { routerTimeouts: { serviceClient: seconds(stepTimeoutMs) } }),
    },
  };
}
