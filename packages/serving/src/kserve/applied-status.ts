import type { IndexEntry } from "../inference/served-model.ts";
import type { PlannedService } from "./plan.ts";
import { revisionsOf, type Revision } from "./revisions.ts";

/** A name that a document wants to be served, as the serving process tells it. */
export interface AppliedModelState {
  readonly kind: string;
  /** The document's name. */
  readonly document: string;
  /** By which the model is asked. */
  readonly name: string;
  readonly revision: Revision["revision"];
  /** Whether the document's URI leads to a repository of models. */
  readonly isRepository: boolean;
  /** Where what is served lies, which goes on until what is wanted can be loaded; null where that is what is wanted. */
  readonly servedUri: string | null;
  /** Why what is wanted is not served. */
  readonly reason: string;
  /** Whether the name is another's. */
  readonly isRefused?: boolean;
}

type AppliedState = IndexEntry["state"] | "NOT UP";

interface ModelTold {
  readonly name: string;
  readonly state: AppliedState;
  readonly reason: string;
}

/** A model of a document, or its repository of models, and which part of its requests it answers. */
interface RevisionTold {
  /** `latest-created` could not be loaded: the one that is rolled out goes on. */
  readonly revision: Revision["revision"] | "latest-created";
  readonly percent: number;
  readonly storageUri: string;
  /** By which it is asked by itself. */
  readonly name: string;
  readonly state: AppliedState;
  readonly reason: string;
  /** Of a repository: what is in it, each asked by its own name. */
  readonly models: readonly ModelTold[];
}

/** A condition of an `InferenceService`, as KServe's status has it. */
interface Condition {
  readonly type: "Ready" | "PredictorReady" | "RoutesReady" | "LatestDeploymentReady";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** How a document is served. */
export interface StatusTold {
  readonly state: AppliedState;
  readonly reason: string;
  /** None of what has no model. */
  readonly revisions: readonly RevisionTold[];
  readonly conditions: readonly Condition[];
  /** KServe's `modelStatus.transitionStatus`; null of what has no model, or is not up. */
  readonly transitionStatus: "UpToDate" | "InProgress" | "BlockedByFailedLoad" | "InvalidSpec" | null;
}

/** What a serving process tells of its documents. */
export interface AppliedTold {
  readonly models: readonly AppliedModelState[];
  /** Names that no document can have, with what has each. */
  readonly taken: Readonly<Record<string, string>>;
}

/** What is told of a document by it. */
export interface ServingTold extends Pick<AppliedTold, "models"> {
  readonly index: readonly IndexEntry[];
}

/** How a document is served, told as KServe tells it. `told` is undefined while no serving process answers. */
export function statusOf(service: PlannedService, told: ServingTold | undefined): StatusTold {
  const revisions = revisionsOf(service).flatMap((revision) => toldRevision(service, { revision, told }));
  const [first] = revisions;
  if (first === undefined) return { ...withoutModel(service, told), revisions, conditions: [], transitionStatus: null };
  const failed = revisions.find(({ state }) => state === "UNAVAILABLE");
  const reason =
    first.reason === "" ? (revisions.find((one) => one.revision === "latest-created")?.reason ?? "") : first.reason;
  return {
    state: first.state,
    reason,
    revisions,
    conditions: conditionsOf(revisions, { isRefused: isRefused(service, told), failed }),
    transitionStatus:
      told === undefined ? null : transitionOf(revisions, { isRefused: isRefused(service, told), failed }),
  };
}

function withoutModel({ document: { kind, name } }: PlannedService, told: ServingTold | undefined) {
  if (told === undefined) return { state: "NOT UP", reason: "" } as const;
  // It is noted, and is no model.
  if (kind.endsWith("Runtime")) return { state: "READY", reason: "" } as const;
  const { state, reason } = entryOf(name, told);
  return { state, reason };
}

function toldRevision(
  { document: { kind, name: document } }: PlannedService,
  {
    revision: { revision, percent, model },
    told,
  }: { readonly revision: Revision; readonly told: ServingTold | undefined },
): readonly RevisionTold[] {
  const base = { revision, percent, storageUri: model.uri, name: model.name };
  if (told === undefined) return [{ ...base, state: "NOT UP", reason: "", models: [] }];
  const own = told.models.filter((one) => one.kind === kind && one.document === document && one.revision === revision);
  const served = own.map((one) => servedAs(one, told));
  const models = own.some(({ isRepository }) => isRepository) ? served : [];
  const all = own.length === 0 ? [entryOf(model.name, told)] : served;
  const now = { ...base, ...together(all), models };
  const behind = own.filter(({ servedUri }) => servedUri !== null);
  const [first] = behind;
  if (first === undefined) return [now];
  const reason = reasonsOf(behind);
  return [
    { ...now, storageUri: first.servedUri ?? model.uri },
    { ...base, revision: "latest-created", percent: 0, state: "UNAVAILABLE", reason, models: [] },
  ];
}

/** One that goes on in the place of what is wanted is ready. */
function servedAs({ name, reason, servedUri, isRefused }: AppliedModelState, told: ServingTold): ModelTold {
  if (isRefused === true) return { name, state: "UNAVAILABLE", reason };
  const entry = entryOf(name, told);
  return servedUri === null && reason !== "" ? { ...entry, reason } : entry;
}

function entryOf(name: string, { index }: ServingTold): ModelTold {
  const found = index.findLast((entry) => entry.name === name);
  return {
    name,
    state: found?.state ?? "UNAVAILABLE",
    reason: found?.reason ?? "the serving process does not know it",
  };
}

/** Ready once all are, as Triton is. */
function together(models: readonly ModelTold[]): Pick<ModelTold, "state" | "reason"> {
  const state = (["UNAVAILABLE", "LOADING"] as const).find((one) => models.some((model) => model.state === one));
  return { state: state ?? "READY", reason: reasonsOf(models) };
}

const REASONS_MAX = 3;

/** Where they are several, each after its model's name. */
function reasonsOf(models: readonly { readonly name: string; readonly reason: string }[]): string {
  const told = models.filter(({ reason }) => reason !== "");
  const texts =
    models.length === 1 ? told.map(({ reason }) => reason) : told.map(({ name, reason }) => `${name}: ${reason}`);
  const more = texts.length > REASONS_MAX ? [`and ${texts.length - REASONS_MAX} more`] : [];
  return [...texts.slice(0, REASONS_MAX), ...more].join("; ");
}

function isRefused({ document: { kind, name } }: PlannedService, told: ServingTold | undefined): boolean {
  return told?.models.some((one) => one.kind === kind && one.document === name && one.isRefused === true) === true;
}

interface Found {
  readonly isRefused: boolean;
  readonly failed: RevisionTold | undefined;
}

function conditionsOf(revisions: readonly RevisionTold[], { isRefused: isWrong, failed }: Found): readonly Condition[] {
  const isLatestReady = revisions.every(({ state }) => state === "READY");
  const isAnswering = revisions[0]?.state === "READY";
  const isKnown = (isGood: boolean) => isGood || failed !== undefined;
  const condition = (type: Condition["type"], isGood: boolean): Condition => ({
    type,
    status: isGood ? "True" : isKnown(isGood) ? "False" : "Unknown",
    reason: isGood || failed === undefined ? "" : isWrong ? "InvalidPredictorSpec" : "ModelLoadFailed",
    message: isGood ? "" : (failed?.reason ?? ""),
  });
  return [
    condition("Ready", isLatestReady),
    condition("PredictorReady", isLatestReady),
    condition("RoutesReady", isAnswering),
    condition("LatestDeploymentReady", isLatestReady),
  ];
}

function transitionOf(revisions: readonly RevisionTold[], { isRefused: isWrong, failed }: Found) {
  if (isWrong) return "InvalidSpec" as const;
  if (failed !== undefined) return "BlockedByFailedLoad" as const;
  return revisions.every(({ state }) => state === "READY") ? ("UpToDate" as const) : ("InProgress" as const);
}
