import type { KubeDocument } from "./documents.ts";
import type { PlannedModel, PlannedService } from "./plan.ts";

/** A document whose model was rolled out: all requests were its model's. */
export interface RolledOut {
  readonly document: KubeDocument;
  readonly model: PlannedModel;
}

/** One of the models that share a document's requests. */
export interface Revision {
  readonly revision: "rolled-out" | "canary";
  /** Of the document's requests. */
  readonly percent: number;
  readonly model: PlannedModel;
}

/** Of one kind and name there is one document. */
export function keyOf({ kind, name }: Pick<KubeDocument, "kind" | "name">): string {
  return `${kind}/${name}`;
}

const CANARY = "@canary";

/** The name by which a document's canary is loaded, and asked by itself. No document has such a name. */
export function canaryName(name: string): string {
  return `${name}${CANARY}`;
}

/** The name whose requests a model answers: a canary's are those of its document. */
export function documentName(name: string): string {
  return name.endsWith(CANARY) ? name.slice(0, -CANARY.length) : name;
}

export function isCanary(name: string): boolean {
  return documentName(name) !== name;
}

/**
 * A document as it is after another of its kind and name: as in KServe, the one that was rolled out last keeps what
 * `canaryTrafficPercent` leaves it, and where that is 100, not said, or nothing was rolled out, it is the later one itself.
 */
export function afterDocument(before: PlannedService | undefined, next: PlannedService): PlannedService {
  const { rolledOut: _, ...alone } = next;
  const rolledOut = before === undefined ? undefined : rolledOutOf(before);
  if (rolledOut === undefined || next.model === undefined || (next.canaryPercent ?? 100) === 100) return alone;
  return isSame(rolledOut.model, next.model) ? alone : { ...alone, rolledOut };
}

function rolledOutOf({ document, model, rolledOut }: PlannedService): RolledOut | undefined {
  return rolledOut ?? (model === undefined ? undefined : { document, model });
}

/** The models of a document with their shares, the rolled-out one first; none of a document that has no model. */
export function revisionsOf({ model, rolledOut, canaryPercent = 100 }: PlannedService): readonly Revision[] {
  if (model === undefined) return [];
  if (rolledOut === undefined) return [{ revision: "rolled-out", percent: 100, model }];
  return [
    { revision: "rolled-out", percent: 100 - canaryPercent, model: rolledOut.model },
    { revision: "canary", percent: canaryPercent, model: { ...model, name: canaryName(model.name) } },
  ];
}

export function isSame(one: PlannedModel | undefined, other: PlannedModel | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
