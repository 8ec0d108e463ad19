// Made by `npm run generate` from the routes' schemas.

export interface Status {
  readonly project: string;
  readonly up: {
    readonly pid: number;
    readonly controlPort: number;
    readonly restPort: number;
    readonly grpcPort: number | null;
    readonly servingPid: number | null;
  } | null;
  /** When the schedule will take the road; null when nothing is up, or there is no schedule. */
  readonly nextRunAtMs: number | null;
  readonly lastRun: RunReport | null;
}

export interface RunReport {
  readonly runId: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly trigger: string;
  /** Of the tables: `main`, or one beside it. */
  readonly branch: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly tasks: readonly TaskReport[];
}

export interface TaskReport {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: TaskState;
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly message: string | null;
  readonly facts: TaskFacts;
  readonly error: Problem | null;
  readonly progress: Progress | null;
}

export type TaskState = "waiting" | "running" | "done" | "unchanged" | "warned" | "failed" | "blocked" | "cancelled";

export type TaskFacts = Readonly<Record<string, string | number | boolean | null>>;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy: string;
  readonly where?: {
    readonly file?: string;
    readonly line?: number;
    readonly column?: number;
    readonly row?: number;
    readonly columnName?: string;
  };
}

export interface Progress {
  readonly message: string;
  readonly done?: number;
  readonly total?: number;
  readonly unit?: string;
}

export interface Road {
  readonly project: string;
  readonly description: string;
  readonly run: Run | null;
  readonly nodes: readonly RoadNode[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    /** A check that must hold, rather than data that is read. */
    readonly isGate: boolean;
  }[];
}

export interface Run {
  readonly runId: string;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly trigger: string;
  /** Of the tables: `main`, or one beside it. */
  readonly branch: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export interface RoadNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: TaskState | "never";
  readonly startedAtMs: number | null;
  readonly tookMs: number | null;
  readonly message: string | null;
  readonly facts: TaskFacts;
  readonly error: Problem | null;
  readonly progress: Progress | null;
  /** The run that told this state of it. */
  readonly runId: string | null;
  /** When it last ran to its end. */
  readonly doneAtMs: number | null;
  /** Its last durations in milliseconds, oldest first. */
  readonly history: readonly number[];
  /** The table or source that this test or check is about; it is drawn as part of it. */
  readonly attachedTo: string | null;
  /** The folder of its definition, by which steps are folded when there are many. */
  readonly group: string | null;
  readonly place: { readonly file: string; readonly line: number; readonly description: string } | null;
}

/** Pixels from the top left. */
export interface RoadLayout {
  readonly width: number;
  readonly height: number;
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly nodes: readonly { readonly id: string; readonly x: number; readonly y: number }[];
}

export interface RunStarted {
  readonly runId: string;
}

export interface RunCancelled {
  readonly runId: string;
}

export interface Table {
  readonly name: string;
  readonly kind: "table" | "view";
  readonly columns: readonly Column[];
  /** What a view selects. */
  readonly sql: string | null;
  readonly snapshotId: string | null;
  readonly rowCount: number | null;
  readonly bytes: number | null;
  readonly fileCount: number | null;
  /** The table's Iceberg metadata, for readers of this machine. */
  readonly metadataLocation: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly updatedAtMs: number;
}

export interface Column {
  readonly name: string;
  /** An Iceberg type: int, string, timestamp, decimal(9,2). */
  readonly type: string;
  readonly nullable?: boolean;
  readonly doc?: string;
}

export interface TableWithHistory {
  readonly table: Table;
  readonly history: readonly Snapshot[];
}

export interface Snapshot {
  readonly table: string;
  readonly snapshotId: string;
  readonly parentId: string | null;
  readonly operation: string;
  readonly committedAtMs: number;
  readonly rowCount: number;
  readonly summary: Readonly<Record<string, string>>;
}

/** What the files of a snapshot say of themselves, without being read. */
export interface TableAnatomy {
  readonly snapshotId: string | null;
  readonly fileCount: number;
  readonly deleteFileCount: number;
  /** `day(departed_at), bucket[16](id)` */
  readonly partitionedBy: string | null;
  readonly sortedBy: string | null;
  /** The column whose spans the files tell. */
  readonly spansOf: string | null;
  /** Below the lake's folder, the largest first; of very many the largest. */
  readonly files: readonly {
    readonly path: string;
    readonly rows: number;
    readonly bytes: number;
    /** `day=2001-01-08, carrier=AA`; null where the table is not partitioned. */
    readonly partition: string | null;
    /** When its snapshot was committed; null where that snapshot is forgotten. */
    readonly addedAtMs: number | null;
    /** How many delete files may take away rows of it. */
    readonly deleteFiles: number;
    /** How many rows they take away at most. */
    readonly deletedRowsMax: number;
    /** From where to where its values of the column of the spans reach. */
    readonly span: {
      readonly least: string;
      readonly most: string;
      /** As a share of all that the table has, from 0 to 1. */
      readonly from: number;
      readonly to: number;
    } | null;
  }[];
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    /** As they are stored, compressed. */
    readonly bytes: number;
    readonly nulls: number;
    /** As text; of a long text its first 16 letters. Null where the files do not say it. */
    readonly least: string | null;
    readonly most: string | null;
  }[];
  /** Oldest first, each with what became of the columns before. */
  readonly schemas: readonly {
    readonly schemaId: number;
    /** The first with these columns; null while none has been written with them. */
    readonly snapshotId: string | null;
    readonly sinceMs: number | null;
    readonly columns: readonly Column[];
    readonly changes: readonly SchemaChange[];
  }[];
  /** The table's own branches and tags. */
  readonly refs: readonly { readonly name: string; readonly kind: "branch" | "tag"; readonly snapshotId: string }[];
}

export interface SchemaChange {
  readonly kind: "added" | "dropped" | "renamed" | "retyped" | "moved" | "optional" | "required" | "described";
  /** Its name afterwards, with those around it: `address.zip`. */
  readonly column: string;
  /** Of one renamed its name before, of one of another type that type. */
  readonly before: string | null;
  readonly type: string;
  /** Whether rows from before keep their values. */
  readonly keepsValues: boolean;
}

export interface QueryResult {
  readonly columns: readonly Column[];
  /** Timestamps and decimals as text; integers beyond 2^53 as text. */
  readonly rows: readonly (readonly unknown[])[];
  /** There were more rows than were asked for. */
  readonly truncated: boolean;
  readonly scans?: readonly TableScan[];
}

/** Which of a table's files a statement opens. */
export interface TableScan {
  readonly table: string;
  /** Data files that are opened. */
  readonly files: number;
  readonly filesTotal: number;
  /** Why all are opened; absent where conditions were held against them. */
  readonly unprunedBecause?: string;
}

export interface TypedParameter {
  /** An Iceberg type: date, decimal(9,2). */
  readonly type: string;
  readonly value: null | boolean | number | string;
}

export interface QueryPlan {
  readonly scans: readonly TableScan[];
}

export interface RunningQuery {
  readonly id: string;
  readonly sql: string;
  readonly branch: string;
  readonly startedAtMs: number;
}

export interface TableChanges {
  readonly table: string;
  /** Null: before the first snapshot. */
  readonly fromSnapshotId: string | null;
  readonly toSnapshotId: string;
  /** The columns by which a row is the same one before and after. Without any, none is updated. */
  readonly keys: readonly string[];
  readonly columns: readonly Column[];
  readonly inserted: number;
  readonly deleted: number;
  readonly updated: number;
  /** In the order of the keys. */
  readonly changes: readonly {
    readonly kind: "inserted" | "deleted" | "updated";
    /** The values of the columns, in their order; null where that snapshot has no such row. */
    readonly before: readonly unknown[] | null;
    /** The values of the columns, in their order; null where that snapshot has no such row. */
    readonly after: readonly unknown[] | null;
  }[];
  /** There were more changes than were asked for. */
  readonly truncated: boolean;
}

export interface SnapshotName {
  readonly snapshotId: string;
}

export interface TagDropped {
  readonly tag: string;
}

export interface Expired {
  readonly snapshotIds: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly isDryRun: boolean;
}

export interface Compacted {
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number | null;
  readonly deleteFiles: number;
  readonly snapshotId: string | null;
  readonly isDryRun: boolean;
}

export interface RewrittenManifests {
  readonly before: number;
  readonly after: number;
  readonly snapshotId: string | null;
  readonly isDryRun: boolean;
}

export interface RemovedOrphans {
  readonly files: number;
  readonly bytes: number;
  readonly paths: readonly string[];
  readonly isDryRun: boolean;
}

export interface RemovedDropped {
  readonly files: number;
  readonly bytes: number;
  readonly folders: readonly { readonly folder: string; readonly files: number; readonly bytes: number }[];
  readonly isDryRun: boolean;
}

export interface TableCareState {
  /** true, or why it is not done. */
  readonly policy: {
    readonly compact: true | string;
    readonly rewriteManifests: true | string;
    readonly expire: true | string;
    readonly removeOrphans: true | string;
  };
  readonly last: TableCare | null;
}

export interface TableCare {
  readonly table: string;
  readonly atMs: number;
  readonly isDryRun: boolean;
  readonly actions: readonly {
    readonly action: "compact" | "rewrite-manifests" | "expire" | "remove-orphans";
    /** `would`: in a dry run; `off`: by policy; `left`: something before it failed. */
    readonly outcome: "done" | "would" | "nothing" | "off" | "left" | "failed";
    /** Written anew, or deleted. */
    readonly files: number;
    readonly bytes: number;
    /** What was done, or why nothing was. */
    readonly told: string;
  }[];
}

export interface Mirror {
  readonly table: string;
  readonly format: "delta" | "hudi";
  /** The folder to give to a reader of the format. */
  readonly location: string;
  /** As the format counts: a Delta version, a Hudi instant. Null before the first. */
  readonly version: string | null;
  /** The snapshot that it shows. */
  readonly snapshotId: string | null;
  readonly isCurrent: boolean;
  /** How many snapshots the table has had since. */
  readonly snapshotsBehind: number;
  readonly behindSinceMs: number | null;
  /** What the table has that the format cannot hold. */
  readonly refused: string | null;
}

export interface MirrorDropped {
  readonly table: string;
  readonly format: "delta" | "hudi";
}

export interface Branch {
  readonly name: string;
  readonly createdAtMs: number;
}

export interface BranchWithChanges {
  readonly name: string;
  readonly changes: readonly BranchChange[];
}

export interface BranchChange {
  readonly name: string;
  readonly kind: "added" | "changed" | "removed";
  readonly rowsBefore: number | null;
  readonly rowsAfter: number | null;
  /** Main has changed it too: the branch cannot be published. */
  readonly isConflict: boolean;
}

export interface RowComparison {
  /** Those that both have: by them rows are equal or not. */
  readonly columns: readonly Column[];
  readonly onlyOnBranch: {
    readonly total: number;
    /** Some of them. */
    readonly rows: readonly (readonly unknown[])[];
  };
  readonly onlyOnMain: {
    readonly total: number;
    /** Some of them. */
    readonly rows: readonly (readonly unknown[])[];
  };
}

export interface Publication {
  readonly id: string;
  readonly branch: string;
  readonly reason: string;
  readonly changes: readonly BranchChange[];
  readonly publishedAtMs: number;
}

export interface BranchDropped {
  readonly name: string;
}

export interface AliasMoved {
  readonly id: string;
  readonly model: string;
  readonly alias: string;
  readonly kind: "promote" | "rollback";
  readonly version: number;
  readonly previousVersion: number | null;
  readonly reason: string;
  readonly changedAtMs: number;
  /** The deployed services that answer with it from now on. */
  readonly services: readonly string[];
}

export interface AliasChange {
  readonly id: string;
  readonly model: string;
  readonly alias: string;
  readonly kind: "promote" | "rollback";
  readonly version: number;
  readonly previousVersion: number | null;
  readonly reason: string;
  readonly changedAtMs: number;
}

export interface VersionComparison {
  readonly model: string;
  readonly version: number;
  readonly with: number;
  readonly metrics: readonly {
    readonly part: string;
    readonly metric: string;
    readonly value: number;
    readonly other: number;
    readonly difference: number;
  }[];
  /** Those that are not the same, as JSON. */
  readonly parameters: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly other: string | null;
  }[];
  readonly featuresAdded: readonly string[];
  readonly featuresRemoved: readonly string[];
}

export interface Model {
  readonly name: string;
  readonly versions: number;
  readonly champion: ModelVersion | null;
}

export interface ModelVersion {
  readonly model: string;
  readonly version: number;
  readonly runId: string;
  readonly artifactPath: string;
  /** What its trainer recorded: metrics, baselines, gates, importance, signature, parameters. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  readonly aliases: readonly string[];
}

export interface ExperimentRun {
  readonly id: string;
  readonly experiment: string;
  readonly status: "running" | "finished" | "failed";
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly artifactPath: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export interface Judgement {
  readonly objective: "binary" | "squared" | "softmax";
  /** By which the version is told in a word. */
  readonly metric: string;
  /** From which probability on a row is called positive. */
  readonly threshold: number | null;
  readonly validation: PartJudgement;
  readonly test: PartJudgement;
  /** On the same test rows. */
  readonly baselines: readonly {
    readonly name: string;
    readonly title: string;
    /** By name; one that the rows do not give, such as the AUC of rows of one label, is not there. */
    readonly metrics: Readonly<Record<string, number>>;
  }[];
  readonly slices: readonly {
    readonly column: string;
    readonly values: readonly {
      readonly value: string;
      /** By name; one that the rows do not give, such as the AUC of rows of one label, is not there. */
      readonly metrics: Readonly<Record<string, number>>;
    }[];
  }[];
  /** The loss after so many trees, on a sample of the rows. */
  readonly learning: {
    readonly loss: string;
    readonly rows: number;
    readonly points: readonly { readonly trees: number; readonly train: number; readonly validation: number }[];
  };
  /** How much each feature adds or takes, before the link, on average over some of the test rows. */
  readonly contributions?: readonly { readonly feature: string; readonly mean: number }[];
}

export interface PartJudgement {
  /** By name; one that the rows do not give, such as the AUC of rows of one label, is not there. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly plots: BinaryPlots | NumberPlots | ClassPlots;
}

export interface BinaryPlots {
  readonly kind: "binary";
  readonly curves: {
    readonly positives: number;
    readonly negatives: number;
    /** What a probability of at least the threshold being called positive comes to, from none to all. */
    readonly cuts: readonly {
      readonly threshold: number;
      readonly truePositives: number;
      readonly falsePositives: number;
    }[];
  };
  /** At the chosen threshold. */
  readonly chosen: { readonly threshold: number; readonly truePositives: number; readonly falsePositives: number };
  readonly calibration: readonly {
    readonly from: number;
    readonly to: number;
    readonly rows: number;
    readonly meanProbability: number;
    readonly observedRate: number;
  }[];
  readonly scores: readonly {
    readonly from: number;
    readonly to: number;
    readonly positives: number;
    readonly negatives: number;
  }[];
}

export interface NumberPlots {
  readonly kind: "squared";
  /** Prediction less actual. */
  readonly residuals: readonly { readonly from: number; readonly to: number; readonly rows: number }[];
  readonly fitted: readonly { readonly rows: number; readonly predicted: number; readonly actual: number }[];
}

export interface ClassPlots {
  readonly kind: "softmax";
  readonly rates: readonly {
    readonly name: string;
    readonly rows: number;
    readonly called: number;
    readonly precision: number | null;
    readonly recall: number | null;
    readonly f1: number | null;
  }[];
  /** For each class its rows by the class that was called. */
  readonly confusion: readonly (readonly number[])[];
}

export interface Occupancy {
  /** Memory of the serving process. */
  readonly processBytes: number;
  /** Of the models that are counted. */
  readonly bytes: number;
  /** Of those that are pinned. */
  readonly pinnedBytes: number;
  /** What those may take; null: no bound. */
  readonly bytesMax: number | null;
  readonly loads: number;
  /** Models that made room for others. */
  readonly evictions: number;
  /** The last evictions, the newest first. */
  readonly lately: readonly {
    readonly atMs: number;
    readonly name: string;
    /** Null where the bound was lowered. */
    readonly madeRoomFor: string | null;
  }[];
  /** Requests that waited for their model to be loaded. */
  readonly cold: readonly { readonly seconds: number | null; readonly count: number }[];
  /** Requests whose model was in memory. */
  readonly warm: readonly { readonly seconds: number | null; readonly count: number }[];
  /** Of all that is in memory. */
  readonly modelCount: number;
  /** The largest of the models that are counted, the largest first. */
  readonly largest: readonly {
    readonly name: string;
    readonly version: string;
    /** Null where it is not told apart from the process. */
    readonly bytes: number | null;
    /** It stays when others need room. */
    readonly isPinned: boolean;
  }[];
  /** How many have the text that is looked for in their names. */
  readonly found: number;
  /** A page of those. */
  readonly models: readonly {
    readonly name: string;
    readonly version: string;
    readonly kind: "service" | "function" | "graph" | "model";
    /** Null where it is not told apart from the process. */
    readonly bytes: number | null;
    /** It stays when others need room. */
    readonly isPinned: boolean;
    /** Rows answered since it was loaded. */
    readonly rows: number | null;
    /** Null where it was not, or is not known. */
    readonly lastAskedMs: number | null;
  }[];
}

export interface PhaseLatency {
  readonly version: string;
  readonly variant: string | null;
  /** Of a service features and compute; of another model queue, batch, input, infer and output. */
  readonly phase: string;
  /** Of all its requests together. */
  readonly seconds: number;
  /** How many took at most so long; the last has no bound. */
  readonly buckets: readonly { readonly seconds: number | null; readonly count: number }[];
}

export interface ServedModel {
  readonly name: string;
  readonly platform: string;
  readonly versions: readonly string[];
  readonly inputs: readonly {
    readonly name: string;
    /** As the Open Inference Protocol has it. */
    readonly datatype: string;
    /** -1 is a dimension of any size. */
    readonly shape: readonly number[];
    readonly features: readonly string[];
  }[];
  readonly outputs: readonly {
    readonly name: string;
    /** As the Open Inference Protocol has it. */
    readonly datatype: string;
    /** -1 is a dimension of any size. */
    readonly shape: readonly number[];
  }[];
  readonly explained: {
    /** It says itself what each feature adds; or it is asked about other rows; or neither. */
    readonly by: "model" | "asking" | "none";
    /** Why it is not explained. */
    readonly reason: string;
    /** It has rows of its own against which it is explained by asking. */
    readonly hasBackground: boolean;
    /** What the contributions are of, where that is known. */
    readonly features: readonly string[];
  };
}

export interface ServedModelAnswer {
  readonly answer: string;
  readonly tookMs: number;
}

export interface Service {
  readonly name: string;
  /** Null where a function of the project answers. */
  readonly model: string | null;
  readonly version: number;
  /** The fields that a caller sends. */
  readonly request: readonly {
    readonly name: string;
    readonly type: string;
    /** It may be left out. */
    readonly nullable: boolean;
  }[];
  /** The field that says when it asks; null: the clock does. */
  readonly timestamp: string | null;
  /** A request that can be sent as it is. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Where predictions are asked for. */
  readonly url: string | null;
}

export interface ServingLoad {
  /** Predictions. */
  readonly answered: number;
  /** Requests refused or failed. */
  readonly failed: number;
  readonly buckets: readonly { readonly seconds: number | null; readonly count: number }[];
}

export interface Prediction {
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
  /** Which of the versions that share the service's requests answered. */
  readonly variant?: string;
  /** Of a yes-or-no question. */
  readonly probability?: number;
  /** The number, or the likeliest class. */
  readonly prediction?: number | string | boolean;
  /** Of each class, by its name. */
  readonly probabilities?: Readonly<Record<string, number>>;
  /** Why the answer is what it is: Shapley values. */
  readonly explanation?: Explanation;
}

/** Why the answer is what it is: Shapley values. */
export interface Explanation {
  /** Of what the base and the contributions are parts. */
  readonly scale: "log_odds" | "number" | "score";
  /** Whose score it is. */
  readonly class?: number | string | boolean;
  /** What the model answers on average. */
  readonly base: number;
  /** What each feature adds, the largest first; with the base, the answer before its link. */
  readonly contributions: readonly {
    readonly feature: string;
    readonly value: number | string | null;
    readonly contribution: number;
  }[];
}

export interface ServicesApplied {
  readonly isApplied: boolean;
  readonly services: readonly {
    readonly kind: string;
    readonly name: string;
    readonly change: "created" | "configured" | "unchanged";
    /** `NOT UP`: it is served once the project is. */
    readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
    readonly reason: string;
    /** The models that share its requests, the one that is rolled out first; none of what has no model. */
    readonly revisions: readonly {
      /** `latest-created` could not be loaded: what is rolled out goes on. */
      readonly revision: "rolled-out" | "canary" | "latest-created";
      /** Of the requests. Those of a canary that is not ready go to the one that is rolled out. */
      readonly percent: number;
      readonly storageUri: string;
      /** By which it is asked by itself. */
      readonly name: string;
      /** `NOT UP`: it is served once the project is. */
      readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
      readonly reason: string;
      /** Of a repository of models: those in it. */
      readonly models: readonly {
        /** By which it is asked by itself. */
        readonly name: string;
        /** `NOT UP`: it is served once the project is. */
        readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
        readonly reason: string;
      }[];
    }[];
    /** As of KServe's status; none of what has no model. */
    readonly conditions: readonly {
      readonly type: "Ready" | "PredictorReady" | "RoutesReady" | "LatestDeploymentReady";
      readonly status: "True" | "False" | "Unknown";
      readonly reason: string;
      readonly message: string;
    }[];
    /** As of KServe's `modelStatus`. */
    readonly transitionStatus: "UpToDate" | "InProgress" | "BlockedByFailedLoad" | "InvalidSpec" | null;
  }[];
  readonly remarks: readonly {
    readonly level: "error" | "warning";
    /** The document's kind and name. */
    readonly of: string;
    /** The field. */
    readonly path: string;
    readonly line: number;
    readonly because: string;
  }[];
}

export interface AppliedService {
  readonly kind: string;
  readonly name: string;
  readonly storageUri: string | null;
  readonly source: "applied" | "defined";
  readonly url: string | null;
  /** `NOT UP`: it is served once the project is. */
  readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
  readonly reason: string;
  /** The models that share its requests, the one that is rolled out first; none of what has no model. */
  readonly revisions: readonly {
    /** `latest-created` could not be loaded: what is rolled out goes on. */
    readonly revision: "rolled-out" | "canary" | "latest-created";
    /** Of the requests. Those of a canary that is not ready go to the one that is rolled out. */
    readonly percent: number;
    readonly storageUri: string;
    /** By which it is asked by itself. */
    readonly name: string;
    /** `NOT UP`: it is served once the project is. */
    readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
    readonly reason: string;
    /** Of a repository of models: those in it. */
    readonly models: readonly {
      /** By which it is asked by itself. */
      readonly name: string;
      /** `NOT UP`: it is served once the project is. */
      readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
      readonly reason: string;
    }[];
  }[];
  /** As of KServe's status; none of what has no model. */
  readonly conditions: readonly {
    readonly type: "Ready" | "PredictorReady" | "RoutesReady" | "LatestDeploymentReady";
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
    readonly message: string;
  }[];
  /** As of KServe's `modelStatus`. */
  readonly transitionStatus: "UpToDate" | "InProgress" | "BlockedByFailedLoad" | "InvalidSpec" | null;
}

export interface AppliedServiceDeleted {
  readonly kind: string;
  readonly name: string;
}

export interface InferenceGraph {
  readonly name: string;
  /** `NOT UP`: it is served once the project is. */
  readonly state: "READY" | "UNAVAILABLE" | "LOADING" | "NOT UP";
  readonly reason: string;
  /** By their names; a request begins at `root`. */
  readonly nodes: Readonly<
    Record<
      string,
      {
        readonly routerType: string;
        readonly steps: readonly {
          readonly name: string;
          readonly to: "node" | "model" | "address";
          readonly target: string;
          readonly weight?: number;
          readonly condition?: string;
          readonly data?: string;
          readonly dependency: "Soft" | "Hard";
          readonly requests: number;
          readonly failures: number;
          /** Requests whose condition sent them another way. */
          readonly skipped: number;
          /** Time of all its requests together. */
          readonly seconds: number;
        }[];
      }
    >
  >;
}

export interface Traffic {
  readonly service: string;
  /** The alias that the service is defined with; it takes what is left. */
  readonly primary: string;
  readonly variants: readonly {
    readonly name: string;
    /** Percent that was asked for. */
    readonly weight: number;
    /** Percent that it gets: nothing while it means no version, or the primary's own. */
    readonly share: number;
    readonly version: number | null;
  }[];
  /** The field, parameter or header whose value a caller's variant goes by; null: each request's id. */
  readonly stickyBy: Readonly<Record<string, string>> | null;
  readonly experiment: string | null;
  /** The variant that is asked a copy, and of how much. */
  readonly shadow: { readonly variant: string; readonly percent: number } | null;
  readonly rollout: Rollout | null;
}

export interface Rollout {
  readonly variant: string;
  /** Percent at each step. */
  readonly steps: readonly number[];
  /** How long a step takes at least. */
  readonly everyMs: number;
  readonly requestsMin: number;
  readonly gates: { readonly errorRate: number; readonly latencyP99: number; readonly drift: number };
  /** How long it may take from its first step on: then it is rolled back. */
  readonly progressDeadlineMs: number;
  readonly labels: {
    readonly monitor: string;
    readonly metric: string;
    readonly worseBy: number;
    readonly labelsMin: number;
    readonly confidence: number;
  } | null;
  readonly phase: "waiting" | "progressing" | "promoted" | "rolled-back" | "taken-over";
  /** The place among the steps, from 0 on. */
  readonly step: number;
  readonly version: number | null;
  readonly stepSinceMs: number | null;
  readonly reason: string;
  readonly numbers: {
    readonly primary: {
      readonly requests: number;
      readonly errorRate: number | null;
      readonly latencyP99Ms: number | null;
    };
    readonly variant: {
      readonly requests: number;
      readonly errorRate: number | null;
      readonly latencyP99Ms: number | null;
    };
    readonly drift: number | null;
    /** Since the rollout began. */
    readonly labels: {
      readonly metric: string;
      readonly primary: {
        readonly labels: number;
        readonly value: number | null;
        /** Of the value. */
        readonly standardError?: number | null;
      };
      readonly variant: {
        readonly labels: number;
        readonly value: number | null;
        /** Of the value. */
        readonly standardError?: number | null;
      };
    } | null;
  } | null;
}

/** Since the serving process began. */
export interface VariantCounts {
  readonly variants: readonly {
    readonly variant: string;
    readonly version: number;
    readonly answered: number;
    readonly failed: number;
    readonly latencyP50Ms: number | null;
    readonly latencyP99Ms: number | null;
  }[];
  readonly shadows: readonly {
    readonly variant: string;
    readonly version: number;
    readonly answered: number;
    readonly failed: number;
    readonly dropped: number;
    readonly agreed: number;
    readonly disagreed: number;
  }[];
}

export interface TrafficDecision {
  readonly id: string;
  readonly service: string;
  readonly kind: "defined" | "set" | "begin" | "step" | "promote" | "rollback";
  readonly by: string;
  readonly reason: string;
  /** Percent by variant: an alias of the model, or a version's number. */
  readonly weights: Readonly<Record<string, number>>;
  /** Percent by variant: an alias of the model, or a version's number. */
  readonly previousWeights: Readonly<Record<string, number>>;
  /** The version of each variant then. */
  readonly versions: Readonly<Record<string, number>>;
  /** What was measured, where something was. */
  readonly numbers: Readonly<Record<string, unknown>>;
  readonly decidedAtMs: number;
}

export interface Monitor {
  readonly name: string;
  readonly training: string;
  readonly rules: readonly string[];
  readonly routes: readonly string[];
  /** Alerts that stand. */
  readonly standing: number;
}

export interface MonitorResults {
  readonly name: string;
  readonly table: string;
  readonly trained: readonly { readonly feature: string; readonly rows: number; readonly missingRate: number }[];
  readonly results: readonly {
    readonly feature: string;
    /** Scored in batch, or answered by a service. */
    readonly source: "scored" | "served";
    /** `all` where the rows have no time. */
    readonly day: string;
    readonly rows: number;
    readonly missingRate: number;
    readonly psi: number;
    readonly outOfRangeRate: number | null;
    readonly newCategoryRate: number | null;
    /** Of the answers the share that was given with another value than the tables now have. */
    readonly skewRate: number | null;
  }[];
  readonly performance: readonly {
    /** Scored in batch, or answered by a service. */
    readonly source: "scored" | "served";
    /** `all` where the rows have no time. */
    readonly day: string;
    /** Whose outcome is known. */
    readonly rows: number;
    /** Whose outcome is not known yet. */
    readonly waiting: number;
    readonly meanLabel: number | null;
    readonly meanAnswer: number | null;
    readonly auc: number | null;
    readonly logLoss: number | null;
    readonly calibrationError: number | null;
    readonly accuracy: number | null;
    readonly rmse: number | null;
    readonly mae: number | null;
  }[];
  readonly alerts: readonly MonitorAlert[];
}

export interface MonitorAlert {
  readonly id: string;
  readonly monitor: string;
  readonly rule: string;
  /** The measure. */
  readonly on: string;
  /** Scored in batch, or answered by a service. */
  readonly rows: "scored" | "served";
  /** Null where the rule is on the answers. */
  readonly feature: string | null;
  readonly days: number;
  readonly worst: number;
  readonly bound: number;
  readonly sinceMs: number;
  /** When it was last found to stand. */
  readonly seenMs: number;
  readonly resolvedMs: number | null;
  /** The routes that know of its state. */
  readonly told: readonly string[];
}

export interface LineageGraph {
  readonly name: string;
  /** For a prediction's id, the model version that made it. */
  readonly resolved: string;
  readonly nodes: readonly string[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly job: string }[];
  readonly columns: ColumnLineage;
}

export interface ColumnLineage {
  readonly asked: readonly {
    /** `kind:name` */
    readonly name: string;
    readonly column: string;
  }[];
  readonly edges: readonly {
    readonly from: {
      /** `kind:name` */
      readonly name: string;
      readonly column: string;
    };
    readonly to: {
      /** `kind:name` */
      readonly name: string;
      readonly column: string;
    };
    /** Direct: the value comes from there. Indirect: it decides which rows there are, or how they meet. */
    readonly type: "DIRECT" | "INDIRECT";
    readonly kind:
      | "IDENTITY"
      | "TRANSFORMATION"
      | "AGGREGATION"
      | "JOIN"
      | "GROUP_BY"
      | "FILTER"
      | "SORT"
      | "WINDOW"
      | "CONDITIONAL";
    /** The step that made one from the other. */
    readonly job: string;
    /** Why the step's columns could not be followed; then all columns of what it read are named. */
    readonly because: string | null;
  }[];
  /** The columns of the sources' files. */
  readonly restsOn: readonly {
    /** `file:path` */
    readonly name: string;
    /** `*` stands for the file's rows. */
    readonly column: string;
    readonly direct: boolean;
  }[];
  readonly unread: readonly { readonly job: string; readonly because: string }[];
}

export interface CheckRecord {
  /** Of the checks, or of the model whose tests they are. */
  readonly name: string;
  readonly table: string;
  readonly check: string;
  readonly severity: "error" | "warning";
  readonly passed: boolean;
  /** Rows that failed; for a row count, the rows there were. */
  readonly observed: number;
  readonly expected: string;
  readonly atMs: number;
}

export interface FeatureView {
  readonly name: string;
  readonly kind: "stored" | "on_demand";
  readonly entities: readonly string[];
  /** The key columns; of an on-demand view the request's fields. */
  readonly key: readonly string[];
  readonly table: string | null;
  readonly timestamp: string | null;
  readonly created: string | null;
  readonly ttlMs: number | null;
  readonly onMissing: string;
  readonly onStale: string;
  readonly features: readonly Feature[];
  readonly online: { readonly entities: number; readonly newestMs: number | null } | null;
}

export interface Feature {
  readonly name: string;
  readonly type: string | null;
  readonly default: number | string | null;
}

export interface Materialized {
  readonly view: string;
  readonly written: number;
  readonly entities: number;
  readonly newestMs: number | null;
}

export interface Pushed {
  readonly view: string;
  readonly rows: number;
  /** Those not older than what was there. */
  readonly taken: number;
}

export interface OnlineFeatures {
  readonly found: boolean;
  readonly eventTimeMs: number | null;
  readonly values: Readonly<Record<string, number | string | null>>;
}

export interface FeatureHistory {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** In the frame's order. Times as ISO 8601 in UTC, infinities and integers beyond 2^53 as text. */
  readonly rows: readonly (readonly unknown[])[];
  readonly rowCount: number;
  /** There were more rows than were asked for. */
  readonly truncated: boolean;
  readonly file: string | null;
}

export interface LogLine {
  /** ISO 8601, in UTC. */
  readonly time: string;
  readonly level: "debug" | "info" | "warn" | "error";
  /** control or serving. */
  readonly process: string;
  readonly pid: number;
  readonly message: string;
  /** What else the line says. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Document {
  /** Below the documentation's folder: concepts/table.md. */
  readonly path: string;
  /** Markdown. */
  readonly text: string;
}

/** The control process's API. Every call may fail with the problem that the server tells. */
export interface ControlApi {
  /** What is up, and how the last run went. */
  showStatus(): Promise<Status>;
  /** The road as a graph, each step as it is now. */
  showRoad(): Promise<Road>;
  /** Where each step stands in a drawing from left to right. */
  layOutRoad(input?: {
    /** The groups that stand as one node each, a line for each. */
    readonly folded?: string;
  }): Promise<RoadLayout>;
  /** Take the road, or a part of it. */
  startRun(input: {
    readonly body: {
      /** dbt's selectors. */
      readonly select?: readonly string[];
      /** Also what has not changed. */
      readonly force?: boolean;
      readonly trigger?: string;
    };
  }): Promise<RunStarted>;
  /** Stop a run: what is under way ends, nothing new begins. */
  cancelRun(input: { readonly runId: string }): Promise<RunCancelled>;
  /** The runs of the road, on main and on branches, newest first. */
  listRuns(input?: {
    readonly limit?: number;
    /** The run after which the page begins. */
    readonly before?: string;
  }): Promise<readonly Run[]>;
  /** What became of each task in a run. */
  showRun(input: { readonly runId: string }): Promise<RunReport>;
  /** The tables and views. */
  listTables(input?: {
    /** As it is on a branch, rather than on main. */
    readonly branch?: string;
  }): Promise<readonly Table[]>;
  /** A table's columns and its snapshots. */
  showTable(input: {
    readonly name: string;
    /** As it is on a branch, rather than on main. */
    readonly branch?: string;
  }): Promise<TableWithHistory>;
  /** A table's files, the least and most of its columns, and what its columns were. */
  showAnatomy(input: {
    readonly name: string;
    /** A snapshot: the rows as they were then. */
    readonly at?: string;
    /** As it is on a branch, rather than on main. */
    readonly branch?: string;
    /** A column: its least and most in each file. */
    readonly spansOf?: string;
  }): Promise<TableAnatomy>;
  /** Some of a table's rows, in no order of their own. */
  readRows(input: {
    readonly name: string;
    readonly limit?: number;
    readonly offset?: number;
    /** A snapshot: the rows as they were then. */
    readonly at?: string;
    /** As it is on a branch, rather than on main. */
    readonly branch?: string;
  }): Promise<QueryResult>;
  /** Ask the tables in SQL, or change their rows. The header x-mill-query-id tells the statement's id. */
  query(input: {
    readonly body: {
      readonly sql: string;
      /** Values for $1, $2 or each ? in their order, or for $name by name. They never become part of the text. */
      readonly parameters?:
        | readonly (null | boolean | number | string | TypedParameter)[]
        | Readonly<Record<string, null | boolean | number | string | TypedParameter>>;
      /** How the rows are told; unless given, what Accept asks for, else json. */
      readonly format?: "json" | "jsonl" | "csv" | "arrow" | "parquet";
      /** At most so many rows: of json 1,000 unless told, else all. */
      readonly maxRows?: number;
      readonly queryId?: string;
      /** Within the project's own limits. */
      readonly limits?: {
        readonly timeoutMs?: number;
        /** A result of more fails. */
        readonly rows?: number;
        /** The statement then has an engine to itself. */
        readonly memoryMb?: number;
        /** The statement then has an engine to itself. */
        readonly threads?: number;
      };
      /** As it is on a branch, rather than on main. */
      readonly branch?: string;
    };
  }): Promise<QueryResult>;
  /** Which files of the tables a question would open, without asking it. */
  explainQuery(input: {
    readonly body: {
      readonly sql: string;
      /** Values for $1, $2 or each ? in their order, or for $name by name. They never become part of the text. */
      readonly parameters?:
        | readonly (null | boolean | number | string | TypedParameter)[]
        | Readonly<Record<string, null | boolean | number | string | TypedParameter>>;
      /** As it is on a branch, rather than on main. */
      readonly branch?: string;
    };
  }): Promise<QueryPlan>;
  /** The statements that are under way, the oldest first. */
  listQueries(): Promise<readonly RunningQuery[]>;
  /** Cancel a statement: it fails, and changes nothing. */
  cancelQuery(input: { readonly queryId: string }): Promise<RunningQuery>;
  /** The rows that differ between two snapshots of a table. */
  showChanges(input: {
    readonly name: string;
    /** A snapshot, or a tag's or branch's name. */
    readonly from?: string;
    /** A snapshot, or a tag's or branch's name. */
    readonly to?: string;
    /** Columns, with commas between; unless told, the table's identifier fields. */
    readonly keys?: string;
    readonly limit?: number;
    readonly branch?: string;
  }): Promise<TableChanges>;
  /** Make a table what it was at a snapshot; the states since stay. */
  rollBackTable(input: {
    readonly name: string;
    readonly body: {
      /** A snapshot, or a tag's or branch's name. */
      readonly to: string;
    };
  }): Promise<SnapshotName>;
  /** Give a snapshot a name, which keeps it. */
  tagTable(input: {
    readonly name: string;
    readonly body: {
      readonly tag: string;
      /** A snapshot, or a tag's or branch's name. */
      readonly at?: string;
    };
  }): Promise<SnapshotName>;
  /** Take a tag away. */
  dropTableTag(input: { readonly name: string; readonly tag: string }): Promise<TagDropped>;
  /** Forget old snapshots and delete the files that nothing leads to any more. */
  expireSnapshots(input: {
    readonly name: string;
    readonly body: {
      /** Snapshots older than so many days go; unless told, what the table's history.expire.max-snapshot-age-ms says, else 5. */
      readonly days?: number;
      /** So many of each branch stay. */
      readonly keep?: number;
      /** Say what would be done, and change nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<Expired>;
  /** Put what one snapshot added upon a table as it now is. */
  cherryPickSnapshot(input: {
    readonly name: string;
    readonly body: {
      /** A snapshot, or a tag's or branch's name. */
      readonly from: string;
    };
  }): Promise<SnapshotName>;
  /** Move a branch of a table forward to a later state of its own line. */
  fastForwardTable(input: {
    readonly name: string;
    readonly body: {
      readonly branch: string;
      /** A snapshot, or a tag's or branch's name. */
      readonly to: string;
    };
  }): Promise<SnapshotName>;
  /** Write small files, and those with many deleted rows, anew. */
  compactTable(input: {
    readonly name: string;
    readonly body: {
      /** Columns, each perhaps with `desc`: rows of each new file are sorted so. */
      readonly sort?: readonly string[];
      /** SQL: only files with a row for which it holds. */
      readonly where?: string;
      /** How large a file is to be: unless told, 512 MB. */
      readonly targetBytes?: number;
      /** So many of a partition together, or none: unless told, 5. */
      readonly minInputFiles?: number;
      /** Every file, whatever its size. */
      readonly all?: boolean;
      /** Say what would be done, and change nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<Compacted>;
  /** Write a table's manifests anew, the files of a partition side by side. */
  rewriteTableManifests(input: {
    readonly name: string;
    readonly body: {
      /** Say what would be done, and change nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<RewrittenManifests>;
  /** Delete the files of a table's folder that nothing leads to. */
  removeOrphanFiles(input: {
    readonly name: string;
    readonly body: {
      /** Files older than so many days: unless told, 3. A writer may be about to commit younger ones. */
      readonly days?: number;
      /** Say what would be done, and change nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<RemovedOrphans>;
  /** Delete what tables that were dropped have left behind. */
  removeDroppedTables(input: {
    readonly body: {
      /** Files older than so many days: unless told, 7. */
      readonly days?: number;
      /** Unless false, say what would be deleted, and delete nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<RemovedDropped>;
  /** What is done for a table by itself, and what was last done. */
  showTableCare(input: { readonly name: string }): Promise<TableCareState>;
  /** Do for a table now what is done for it by itself. */
  careForTable(input: {
    readonly name: string;
    readonly body: {
      /** Say what would be done, and change nothing. */
      readonly dryRun?: boolean;
    };
  }): Promise<TableCare>;
  /** The mirrors of tables in other formats, and how far each has followed its table. */
  listMirrors(input?: {
    /** Of this table alone. */
    readonly table?: string;
  }): Promise<readonly Mirror[]>;
  /** Mirror a table in another format, from now on after each commit. */
  addMirror(input: { readonly name: string; readonly body: { readonly format: "delta" | "hudi" } }): Promise<Mirror>;
  /** Mirror a table in a format no longer, and take the mirror away; the table is as it was. */
  dropMirror(input: { readonly name: string; readonly format: "delta" | "hudi" }): Promise<MirrorDropped>;
  /** The branches beside main. */
  listBranches(): Promise<readonly Branch[]>;
  /** Make a branch: it begins as main is. */
  createBranch(input: { readonly body: { readonly name: string } }): Promise<Branch>;
  /** What a branch has changed since it was taken from main. */
  showBranch(input: { readonly branch: string }): Promise<BranchWithChanges>;
  /** The rows of a table that a branch has and main has not, and the other way round. */
  compareBranchRows(input: { readonly branch: string; readonly name: string }): Promise<RowComparison>;
  /** Make main what the branch is, for all that the branch has changed: all of it or nothing. */
  publishBranch(input: {
    readonly branch: string;
    /** Why; it is kept. */
    readonly reason?: string;
  }): Promise<BranchWithChanges>;
  /** What was published from branches, when and why, the newest first. */
  listPublications(input?: { readonly limit?: number }): Promise<readonly Publication[]>;
  /** Forget a branch, and what was written to it alone. */
  dropBranch(input: { readonly branch: string }): Promise<BranchDropped>;
  /** Makes an alias mean a version; its services answer with it from now on. */
  promoteModel(input: {
    readonly name: string;
    readonly body: { readonly version: number; readonly alias?: string; readonly reason: string };
  }): Promise<AliasMoved>;
  /** Makes an alias mean an earlier version again: the one before, or the one that is named. */
  rollbackModel(input: {
    readonly name: string;
    readonly body: { readonly version?: number; readonly alias?: string; readonly reason: string };
  }): Promise<AliasMoved>;
  /** Which version each alias meant, since when and why, newest first. */
  listAliasChanges(input: { readonly name: string }): Promise<readonly AliasChange[]>;
  /** What differs between two versions; unless told, the newest and the champion, or the one before. */
  compareModelVersions(input: {
    readonly name: string;
    readonly version?: number;
    readonly with?: number;
  }): Promise<VersionComparison>;
  /** The registered models, each with its champion. */
  listModels(): Promise<readonly Model[]>;
  /** A model's versions, newest first. */
  listModelVersions(input: { readonly name: string }): Promise<readonly ModelVersion[]>;
  /** The training runs, newest first. */
  listExperimentRuns(input?: {
    readonly experiment?: string;
    readonly limit?: number;
  }): Promise<readonly ExperimentRun[]>;
  /** How good a version is: metrics, curves, baselines, slices. */
  showJudgement(input: {
    readonly name: string;
    /** A number or an alias. */
    readonly version: string;
  }): Promise<Judgement>;
  /** A version's report: one HTML page that stands alone. */
  showModelReport(input: {
    readonly name: string;
    /** A number or an alias. */
    readonly version: string;
  }): Promise<string>;
  /** Which models are in memory, what they take of what they may, and when each was asked last. */
  showOccupancy(input?: {
    /** A part of the names. */
    readonly search?: string;
    /** Those asked last first, unless said; the largest; those that answered most rows; by name. */
    readonly order?: "recent" | "size" | "rows" | "name";
    readonly offset?: number;
    /** 200 unless said. */
    readonly limit?: number;
  }): Promise<Occupancy>;
  /** How long each part of a service's or a model's answers took, since it was loaded. */
  showModelPhases(input: { readonly name: string }): Promise<readonly PhaseLatency[]>;
  /** What a served model or graph takes and answers, and how it is explained. One not in memory is loaded. */
  showServedModel(input: { readonly name: string }): Promise<ServedModel>;
  /** Ask a served model or graph, or why it answers so: its own protocol's JSON, there and back as text. */
  askServedModel(input: {
    readonly name: string;
    readonly body: {
      /** `infer` is of the Open Inference Protocol, `explain` of KServe's first protocol. */
      readonly verb: "infer" | "explain";
      /** Of which no digit is lost on its way. */
      readonly request: string;
    };
  }): Promise<ServedModelAnswer>;
  /** The deployed services. */
  listServices(): Promise<readonly Service[]>;
  /** What a service takes and which version answers. */
  showService(input: { readonly name: string }): Promise<Service>;
  /** What the serving process has answered since its start, and how fast. */
  showServingLoad(): Promise<ServingLoad>;
  /** One prediction, through the serving process; explained with `parameters: { "explain": true }`. */
  predict(input: { readonly name: string; readonly body: Readonly<Record<string, unknown>> }): Promise<Prediction>;
  /** Serve what KServe's documents ask for. Where one of them has an error, none is applied. */
  applyServices(input: {
    readonly body: {
      /** YAML or JSON, with --- between documents. */
      readonly documents: string;
      /** Where paths of theirs that are not absolute begin. */
      readonly folder: string;
      /** Only tell what would be done. */
      readonly dryRun?: boolean;
    };
  }): Promise<ServicesApplied>;
  /** What KServe's documents, and the project's graphs, ask to be served. */
  listAppliedServices(): Promise<readonly AppliedService[]>;
  /** Serve an applied document's model or graph no more. */
  deleteAppliedService(input: { readonly kind: string; readonly name: string }): Promise<AppliedServiceDeleted>;
  /** The graphs of models that are served, with what each step was asked. */
  listInferenceGraphs(): Promise<readonly InferenceGraph[]>;
  /** Which versions share a service's requests. */
  showTraffic(input: { readonly name: string }): Promise<Traffic>;
  /** Shares a service's requests by other weights from now on. */
  setTraffic(input: {
    readonly name: string;
    readonly body: {
      /** Percent by variant: an alias of the model, or a version's number. */
      readonly weights: Readonly<Record<string, number>>;
      /** Who changes it. */
      readonly by?: string;
      readonly reason: string;
    };
  }): Promise<Traffic>;
  /** Makes a variant's version the service's own: its alias means it, and it gets all requests. */
  promoteVariant(input: {
    readonly name: string;
    readonly body: {
      readonly variant?: string;
      /** Who changes it. */
      readonly by?: string;
      readonly reason: string;
    };
  }): Promise<Traffic>;
  /** Gives all requests back to the service's own version. */
  rollbackTraffic(input: {
    readonly name: string;
    readonly body: {
      /** Who changes it. */
      readonly by?: string;
      readonly reason: string;
    };
  }): Promise<Traffic>;
  /** Rolls the variant's version out once more, from the first step on. */
  restartRollout(input: { readonly name: string }): Promise<Traffic>;
  /** What each of the versions has answered since the serving process began. */
  showVariantCounts(input: { readonly name: string }): Promise<VariantCounts>;
  /** What was decided of a service's traffic, by whom and why, newest first. */
  listTrafficDecisions(input: { readonly name: string }): Promise<readonly TrafficDecision[]>;
  /** The monitors and how many alerts of each stand. */
  listMonitors(): Promise<readonly Monitor[]>;
  /** How far each feature is from the training's on each day, how right the answers were, and the alerts. */
  showMonitor(input: { readonly name: string }): Promise<MonitorResults>;
  /** The alerts of all monitors, or of one, newest first. */
  listAlerts(input?: {
    readonly monitor?: string;
    /** Only those that stand. */
    readonly standing?: boolean;
    readonly limit?: number;
  }): Promise<readonly MonitorAlert[]>;
  /** What something came from and what hangs on it. */
  showLineage(input: {
    /** A name, `NAME.COLUMN`, or the id of a prediction. */
    readonly name: string;
    /** Columns only where a value comes from. */
    readonly directOnly?: boolean;
  }): Promise<LineageGraph>;
  /** How each check ended when it last ran, or the last few times. */
  listChecks(input?: {
    /** Of each so many runs; one unless told. */
    readonly runs?: number;
  }): Promise<readonly CheckRecord[]>;
  /** All checks, or those of a name or on a table, over their last runs: one HTML page that stands alone. */
  showChecksReport(input?: { readonly name?: string }): Promise<string>;
  /** How the checks of a name, or on a table, ended each time they ran, newest first. */
  showChecks(input: { readonly name: string; readonly limit?: number }): Promise<readonly CheckRecord[]>;
  /** The feature views, and what is online of them. */
  listFeatureViews(): Promise<readonly FeatureView[]>;
  /** A feature view, and what is online of it. */
  showFeatureView(input: { readonly name: string }): Promise<FeatureView>;
  /** Put each entity's newest row into the online store. */
  materializeFeatures(input: {
    readonly body: {
      /** All when absent. */
      readonly views?: readonly string[];
      /** ISO 8601: rows known by then; the newest when absent. */
      readonly asOf?: string;
      /** Only what came since the last time. */
      readonly incremental?: boolean;
    };
  }): Promise<readonly Materialized[]>;
  /** Put rows straight into the online store, all or none. */
  pushFeatures(input: {
    readonly name: string;
    readonly body: { readonly rows: readonly Readonly<Record<string, unknown>>[] };
  }): Promise<Pushed>;
  /** The row that is online for a key. */
  onlineFeatures(input: {
    readonly name: string;
    readonly body: { readonly key: Readonly<Record<string, string | number>> };
  }): Promise<OnlineFeatures>;
  /** Each row of a frame with its features as they were known at the row's time. */
  featureHistory(input: {
    readonly body: {
      /** Each as `view:feature`; a view's name alone means all of its features. */
      readonly features: readonly string[];
      /** The frame's column of times; `event_timestamp`, or its one column of times, if absent. */
      readonly timestamp?: string;
      /** Call each feature `view__feature`. */
      readonly fullNames?: boolean;
      /** Also the stored features that on-demand ones rest on. */
      readonly withInputs?: boolean;
      /** Also rows that were written down after the time asked about, as Feast does by default. */
      readonly laterCreated?: boolean;
      /** The frame: its rows, or the name of a file in .mill/scratch/exchange. */
      readonly entities: readonly Readonly<Record<string, unknown>>[] | string;
      /** Answer with a new file in .mill/scratch/exchange, whatever its size, in place of rows. */
      readonly into?: "csv" | "jsonl" | "parquet";
      readonly maxRows?: number;
    };
  }): Promise<FeatureHistory>;
  /** The newest lines of the logs, oldest first. */
  listLogs(input?: {
    /** control or serving. */
    readonly process?: string;
    readonly level?: "debug" | "info" | "warn" | "error";
    /** training:late-flights, or its name alone. */
    readonly step?: string;
    /** What a line has in it, in any case. */
    readonly text?: string;
    readonly lines?: number;
  }): Promise<readonly LogLine[]>;
  /** A page of the documentation. */
  readDocument(input?: { readonly path?: string }): Promise<Document>;
}

/** Where each operation is, and which of its input's fields go into the path and the query. */
export const operations = {
  showStatus: { method: "GET", path: "/api/v1/status", params: [], query: [] },
  showRoad: { method: "GET", path: "/api/v1/road", params: [], query: [] },
  layOutRoad: { method: "GET", path: "/api/v1/road/layout", params: [], query: ["folded"] },
  startRun: { method: "POST", path: "/api/v1/runs", params: [], query: [] },
  cancelRun: { method: "POST", path: "/api/v1/runs/:runId/cancel", params: ["runId"], query: [] },
  listRuns: { method: "GET", path: "/api/v1/runs", params: [], query: ["limit", "before"] },
  showRun: { method: "GET", path: "/api/v1/runs/:runId", params: ["runId"], query: [] },
  listTables: { method: "GET", path: "/api/v1/tables", params: [], query: ["branch"] },
  showTable: { method: "GET", path: "/api/v1/tables/:name", params: ["name"], query: ["branch"] },
  showAnatomy: {
    method: "GET",
    path: "/api/v1/tables/:name/anatomy",
    params: ["name"],
    query: ["at", "branch", "spansOf"],
  },
  readRows: {
    method: "GET",
    path: "/api/v1/tables/:name/rows",
    params: ["name"],
    query: ["limit", "offset", "at", "branch"],
  },
  query: { method: "POST", path: "/api/v1/sql", params: [], query: [] },
  explainQuery: { method: "POST", path: "/api/v1/sql/explain", params: [], query: [] },
  listQueries: { method: "GET", path: "/api/v1/sql", params: [], query: [] },
  cancelQuery: { method: "DELETE", path: "/api/v1/sql/:queryId", params: ["queryId"], query: [] },
  showChanges: {
    method: "GET",
    path: "/api/v1/tables/:name/changes",
    params: ["name"],
    query: ["from", "to", "keys", "limit", "branch"],
  },
  rollBackTable: { method: "POST", path: "/api/v1/tables/:name/rollback", params: ["name"], query: [] },
  tagTable: { method: "POST", path: "/api/v1/tables/:name/tags", params: ["name"], query: [] },
  dropTableTag: { method: "DELETE", path: "/api/v1/tables/:name/tags/:tag", params: ["name", "tag"], query: [] },
  expireSnapshots: { method: "POST", path: "/api/v1/tables/:name/expire", params: ["name"], query: [] },
  cherryPickSnapshot: { method: "POST", path: "/api/v1/tables/:name/cherry-pick", params: ["name"], query: [] },
  fastForwardTable: { method: "POST", path: "/api/v1/tables/:name/fast-forward", params: ["name"], query: [] },
  compactTable: { method: "POST", path: "/api/v1/tables/:name/compact", params: ["name"], query: [] },
  rewriteTableManifests: {
    method: "POST",
    path: "/api/v1/tables/:name/rewrite-manifests",
    params: ["name"],
    query: [],
  },
  removeOrphanFiles: { method: "POST", path: "/api/v1/tables/:name/remove-orphans", params: ["name"], query: [] },
  removeDroppedTables: { method: "POST", path: "/api/v1/dropped-tables/remove", params: [], query: [] },
  showTableCare: { method: "GET", path: "/api/v1/tables/:name/care", params: ["name"], query: [] },
  careForTable: { method: "POST", path: "/api/v1/tables/:name/care", params: ["name"], query: [] },
  listMirrors: { method: "GET", path: "/api/v1/mirrors", params: [], query: ["table"] },
  addMirror: { method: "POST", path: "/api/v1/tables/:name/mirrors", params: ["name"], query: [] },
  dropMirror: { method: "DELETE", path: "/api/v1/tables/:name/mirrors/:format", params: ["name", "format"], query: [] },
  listBranches: { method: "GET", path: "/api/v1/branches", params: [], query: [] },
  createBranch: { method: "POST", path: "/api/v1/branches", params: [], query: [] },
  showBranch: { method: "GET", path: "/api/v1/branches/:branch", params: ["branch"], query: [] },
  compareBranchRows: {
    method: "GET",
    path: "/api/v1/branches/:branch/tables/:name/rows",
    params: ["branch", "name"],
    query: [],
  },
  publishBranch: { method: "POST", path: "/api/v1/branches/:branch/publish", params: ["branch"], query: ["reason"] },
  listPublications: { method: "GET", path: "/api/v1/publications", params: [], query: ["limit"] },
  dropBranch: { method: "DELETE", path: "/api/v1/branches/:branch", params: ["branch"], query: [] },
  promoteModel: { method: "POST", path: "/api/v1/models/:name/promote", params: ["name"], query: [] },
  rollbackModel: { method: "POST", path: "/api/v1/models/:name/rollback", params: ["name"], query: [] },
  listAliasChanges: { method: "GET", path: "/api/v1/models/:name/changes", params: ["name"], query: [] },
  compareModelVersions: {
    method: "GET",
    path: "/api/v1/models/:name/compare",
    params: ["name"],
    query: ["version", "with"],
  },
  listModels: { method: "GET", path: "/api/v1/models", params: [], query: [] },
  listModelVersions: { method: "GET", path: "/api/v1/models/:name", params: ["name"], query: [] },
  listExperimentRuns: { method: "GET", path: "/api/v1/experiment-runs", params: [], query: ["experiment", "limit"] },
  showJudgement: {
    method: "GET",
    path: "/api/v1/models/:name/versions/:version/judgement",
    params: ["name", "version"],
    query: [],
  },
  showModelReport: {
    method: "GET",
    path: "/api/v1/models/:name/versions/:version/report",
    params: ["name", "version"],
    query: [],
  },
  showOccupancy: {
    method: "GET",
    path: "/api/v1/serving/occupancy",
    params: [],
    query: ["search", "order", "offset", "limit"],
  },
  showModelPhases: { method: "GET", path: "/api/v1/serving/models/:name/phases", params: ["name"], query: [] },
  showServedModel: { method: "GET", path: "/api/v1/serving/models/:name", params: ["name"], query: [] },
  askServedModel: { method: "POST", path: "/api/v1/serving/models/:name/ask", params: ["name"], query: [] },
  listServices: { method: "GET", path: "/api/v1/services", params: [], query: [] },
  showService: { method: "GET", path: "/api/v1/services/:name", params: ["name"], query: [] },
  showServingLoad: { method: "GET", path: "/api/v1/serving/load", params: [], query: [] },
  predict: { method: "POST", path: "/api/v1/services/:name/predict", params: ["name"], query: [] },
  applyServices: { method: "POST", path: "/api/v1/applied-services", params: [], query: [] },
  listAppliedServices: { method: "GET", path: "/api/v1/applied-services", params: [], query: [] },
  deleteAppliedService: {
    method: "DELETE",
    path: "/api/v1/applied-services/:kind/:name",
    params: ["kind", "name"],
    query: [],
  },
  listInferenceGraphs: { method: "GET", path: "/api/v1/inference-graphs", params: [], query: [] },
  showTraffic: { method: "GET", path: "/api/v1/services/:name/traffic", params: ["name"], query: [] },
  setTraffic: { method: "POST", path: "/api/v1/services/:name/traffic", params: ["name"], query: [] },
  promoteVariant: { method: "POST", path: "/api/v1/services/:name/traffic/promote", params: ["name"], query: [] },
  rollbackTraffic: { method: "POST", path: "/api/v1/services/:name/traffic/rollback", params: ["name"], query: [] },
  restartRollout: { method: "POST", path: "/api/v1/services/:name/traffic/rollout", params: ["name"], query: [] },
  showVariantCounts: { method: "GET", path: "/api/v1/services/:name/traffic/counts", params: ["name"], query: [] },
  listTrafficDecisions: {
    method: "GET",
    path: "/api/v1/services/:name/traffic/decisions",
    params: ["name"],
    query: [],
  },
  listMonitors: { method: "GET", path: "/api/v1/monitors", params: [], query: [] },
  showMonitor: { method: "GET", path: "/api/v1/monitors/:name", params: ["name"], query: [] },
  listAlerts: { method: "GET", path: "/api/v1/alerts", params: [], query: ["monitor", "standing", "limit"] },
  showLineage: { method: "GET", path: "/api/v1/lineage/:name", params: ["name"], query: ["directOnly"] },
  listChecks: { method: "GET", path: "/api/v1/checks", params: [], query: ["runs"] },
  showChecksReport: { method: "GET", path: "/api/v1/reports/checks", params: [], query: ["name"] },
  showChecks: { method: "GET", path: "/api/v1/checks/:name", params: ["name"], query: ["limit"] },
  listFeatureViews: { method: "GET", path: "/api/v1/features", params: [], query: [] },
  showFeatureView: { method: "GET", path: "/api/v1/features/:name", params: ["name"], query: [] },
  materializeFeatures: { method: "POST", path: "/api/v1/features/materialize", params: [], query: [] },
  pushFeatures: { method: "POST", path: "/api/v1/features/:name/push", params: ["name"], query: [] },
  onlineFeatures: { method: "POST", path: "/api/v1/features/:name/online", params: ["name"], query: [] },
  featureHistory: { method: "POST", path: "/api/v1/features/history", params: [], query: [] },
  listLogs: { method: "GET", path: "/api/v1/logs", params: [], query: ["process", "level", "step", "text", "lines"] },
  readDocument: { method: "GET", path: "/api/v1/docs", params: [], query: ["path"] },
} as const;
