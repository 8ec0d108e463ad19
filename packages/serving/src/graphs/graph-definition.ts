/** How a node hands a request to its steps, in KServe's words. */
export const ROUTER_TYPES = ["Sequence", "Switch", "Ensemble", "Splitter"] as const;
type RouterType = (typeof ROUTER_TYPES)[number];

/** A step of a node, as KServe's `InferenceGraph` has it (serving.kserve.io/v1alpha1). It goes to exactly one target. */
export interface GraphStep {
  /** Of its node's steps no other has it. An ensemble's answer has its steps by their names, else by their places. */
  readonly name?: string | undefined;
  /** Another node of the graph. */
  readonly nodeName?: string | undefined;
  /** A model that the server serves. */
  readonly serviceName?: string | undefined;
  /** The address of another server's model. */
  readonly serviceUrl?: string | undefined;
  /** In a sequence: what the graph was asked, unless it is `$response`, what the step before answered. */
  readonly data?: string | undefined;
  /** In a sequence: the `predictions` that it is given become its `instances`. */
  readonly mapPredictionsToInstances?: boolean | undefined;
  /** In a splitter: so many of a hundred requests. */
  readonly weight?: number | undefined;
  /** A path (gjson's) that has to find something: in a switch in the request, in a sequence in the last answer. */
  readonly condition?: string | undefined;
  /** Where a `Hard` one fails, so does its node; after a `Soft` one, the default, the node goes on. */
  readonly dependency?: "Soft" | "Hard" | undefined;
}

export interface GraphNode {
  readonly routerType: RouterType;
  readonly steps: readonly GraphStep[];
}

/** A graph of models, asked by its name as a model is. */
export interface GraphDefinition {
  readonly name: string;
  /** Its nodes by name; a request begins at `root`. */
  readonly nodes: Readonly<Record<string, GraphNode>>;
  /** How long the whole may take. */
  readonly timeoutMs?: number | undefined;
  /** How long one call of another server may take. */
  readonly stepTimeoutMs?: number | undefined;
  /** Patterns of names: the request's headers that other servers are sent too. */
  readonly propagateHeaders?: readonly string[] | undefined;
}

export const ROOT = "root";

/** What a step goes to, as it is written. */
export function targetOf({ nodeName, serviceName, serviceUrl }: GraphStep): string {
  return nodeName ?? serviceName ?? serviceUrl ?? "";
}
