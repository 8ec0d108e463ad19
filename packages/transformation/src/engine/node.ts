export type ResourceType =
  | "model"
  | "seed"
  | "snapshot"
  | "test"
  | "unit_test"
  | "analysis"
  | "operation"
  | "source"
  | "exposure";

export type Config = Readonly<Record<string, unknown>>;

export interface ColumnInfo {
  readonly name: string;
  readonly description: string;
  readonly dataType: string | null;
  readonly quote: boolean;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly constraints: readonly Constraint[];
}

export interface Constraint {
  readonly type: string;
  readonly expression: string | null;
  readonly columns: readonly string[];
  readonly name: string | null;
  readonly to: string | null;
  readonly toColumns: readonly string[];
}

/** What `ref()` was given. */
export interface RefCall {
  readonly package: string | null;
  readonly name: string;
  readonly version: string | null;
}

/** One thing of the graph, as the files say it. */
export interface DbtNode {
  readonly id: string;
  readonly type: ResourceType;
  readonly name: string;
  readonly package: string;
  /** Relative to its package's folder. */
  readonly path: string;
  readonly fqn: readonly string[];
  readonly rawCode: string;
  readonly config: Config;
  /** The configuration as it was written, before rendering. */
  readonly database: string;
  readonly schema: string;
  readonly alias: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly description: string;
  readonly columns: readonly ColumnInfo[];
  readonly constraints: readonly Constraint[];
  readonly refs: readonly RefCall[];
  readonly sources: readonly (readonly [source: string, table: string])[];
  /** Filled when the graph is linked. */
  readonly dependsOn: readonly string[];
  /** Names of the macros that were called while it was parsed. */
  readonly macros: readonly string[];
  readonly access: string;
  readonly group: string | null;
  readonly version: string | null;
  readonly latestVersion: string | null;
  /** The YAML file that describes it. */
  readonly patchPath: string | null;
  readonly test?: GenericTest;
  readonly source?: SourceInfo;
  readonly unit?: UnitTestInfo;
  readonly exposure?: Readonly<Record<string, unknown>>;
  /** For an operation: `on-run-start` or `on-run-end`. */
  readonly hook?: string;
}

export interface GenericTest {
  readonly name: string;
  readonly namespace: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly column: string | null;
  /** The expression that stands for the tested model: `ref('x')`. */
  readonly model: string;
  readonly attached: string;
}

interface SourceInfo {
  readonly sourceName: string;
  readonly identifier: string;
  readonly loadedAtField: string | null;
  readonly freshness: Freshness | null;
}

export interface Freshness {
  readonly warnAfter: Age | null;
  readonly errorAfter: Age | null;
  readonly filter: string | null;
}

export interface Age {
  readonly count: number;
  readonly period: string;
}

export interface UnitTestInfo {
  readonly model: string;
  readonly given: readonly UnitInput[];
  readonly expect: UnitRows;
  readonly overrides: Readonly<Record<string, unknown>>;
}

export interface UnitRows {
  readonly format: string;
  readonly rows: unknown;
}

export interface UnitInput extends UnitRows {
  readonly input: string;
}

/** A project read whole. */
export interface Manifest {
  readonly project: string;
  readonly nodes: ReadonlyMap<string, DbtNode>;
  readonly disabled: ReadonlyMap<string, DbtNode>;
  readonly groups: readonly string[];
  readonly docs: ReadonlyMap<string, string>;
}
