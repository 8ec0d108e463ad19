/** A model: one file of SQL that becomes the table or view of its name. Paths are relative to the project. */
export interface DbtModel {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly config: ModelConfig;
  readonly refs: readonly string[];
  /** Names of the tables that `source()` calls name. */
  readonly sources: readonly string[];
  readonly description: string;
  readonly columns: readonly DbtColumn[];
  /** Of all that its compilation depends on: its text, its configuration, the macros and the variables. */
  readonly hash: string;
}

export interface DbtColumn {
  readonly name: string;
  readonly description: string;
}

export type Materialization = "table" | "view" | "incremental" | "ephemeral";

export interface ModelConfig {
  readonly materialized: Materialization;
  readonly uniqueKey: readonly string[];
  readonly tags: readonly string[];
  readonly enabled: boolean;
}

export interface DbtTest {
  readonly name: string;
  /** The model it is declared on; for a singular test, the file. */
  readonly model: string;
  readonly column: string | null;
  readonly kind: string;
  readonly severity: "error" | "warning";
  /** All models and sources it reads. */
  readonly reads: readonly string[];
  /** A SELECT whose rows are the failures. */
  readonly sql: string;
  readonly path: string;
}

export interface DbtProject {
  readonly name: string;
  readonly dir: string;
  readonly models: readonly DbtModel[];
  readonly tests: readonly DbtTest[];
  /** Tables that the YAML declares as sources. */
  readonly sources: readonly { readonly source: string; readonly table: string; readonly description: string }[];
  readonly macros: readonly MacroFile[];
  readonly vars: Readonly<Record<string, unknown>>;
}

export interface MacroFile {
  readonly path: string;
  readonly source: string;
}
