/**
 * The one internal event of what was made from what, in OpenLineage's shape (RunEvent, spec 2-0-2).
 * `eventTime` is ISO 8601 in UTC. Facets are plain JSON under their OpenLineage names.
 */
export interface LineageEvent {
  readonly eventType: "START" | "RUNNING" | "COMPLETE" | "ABORT" | "FAIL";
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets?: Facets };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets?: Facets };
  readonly inputs: readonly LineageDataset[];
  readonly outputs: readonly LineageDataset[];
}

/** A dataset's name is `kind:name`: source, table, feature_view, model, service, monitor, file. */
export interface LineageDataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets?: Facets;
}

export type Facets = Readonly<Record<string, unknown>>;

export interface LineageSink {
  emit(event: LineageEvent): Promise<void>;
}
