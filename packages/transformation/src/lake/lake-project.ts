import type { DbtNode, Manifest } from "../engine/node.ts";
import type { World } from "../engine/world.ts";

/** What becomes a table or view of the lake: a model, a seed or a snapshot. Paths are relative to the project. */
export interface DbtModel {
  /** The table's name. */
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly config: ModelConfig;
  /** Tables that `ref()` names; a name that is nobody's as it was written. */
  readonly refs: readonly string[];
  /** Names of the tables that `source()` calls name. */
  readonly sources: readonly string[];
  readonly description: string;
  readonly columns: readonly DbtColumn[];
  /** Of all that its compilation depends on: its text, its configuration, the macros and the variables. */
  readonly hash: string;
  readonly node: DbtNode;
}

export interface DbtColumn {
  readonly name: string;
  readonly description: string;
}

/** `custom` is one that the project's own macros define. */
export type Materialization = "table" | "view" | "incremental" | "ephemeral" | "seed" | "snapshot" | "custom";

export interface ModelConfig {
  readonly materialized: Materialization;
  /** The name of a custom one. */
  readonly customName?: string;
  readonly uniqueKey: readonly string[];
  readonly tags: readonly string[];
  readonly onSchemaChange: string;
  /** The formats that its table is shown in besides: `delta`, `hudi`. */
  readonly mirrors: readonly string[];
  /** Partition transforms and sort order of its table; undefined where the model says nothing. */
  readonly partitionBy?: readonly string[];
  readonly sortBy?: readonly string[];
  /** More properties of its table. */
  readonly tableProperties: Readonly<Record<string, string>>;
}

export interface DbtTest {
  readonly name: string;
  /** The table it is declared on; for a singular test, the last that it reads. */
  readonly model: string;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: "error" | "warning";
  /** All tables it reads. */
  readonly reads: readonly string[];
  /** A SELECT whose rows are the failures, for as far as it is known without asking the database. */
  readonly sql: string;
  readonly path: string;
  readonly node: DbtNode;
}

/** A dbt project whose tables live in the lake. */
export interface DbtProject {
  readonly name: string;
  readonly dir: string;
  readonly models: readonly DbtModel[];
  readonly tests: readonly DbtTest[];
  readonly manifest: Manifest;
  readonly world: World;
}
