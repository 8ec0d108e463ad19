/** The settings of a project: `millwright.ts` exports one. */
export interface ProjectDefinition {
  readonly kind: "project";
  readonly name: string;
  readonly description?: string;
  readonly engines: ProjectEngines;
  readonly limits: ProjectLimits;
}

/** One line each. What is absent is embedded. */
interface ProjectEngines {
  /** The metadata database: a Postgres URL in place of SQLite under `.mill`. */
  readonly metadata?: string;
}

/** Bounds for this project's processes. */
interface ProjectLimits {
  /** Memory of the SQL engine in mebibytes. */
  readonly engineMemoryMb?: number;
  /** Threads for SQL and for training. Default: the machine's. */
  readonly threads?: number;
}

export interface ProjectOptions {
  readonly name: string;
  readonly description?: string;
  readonly engines?: ProjectEngines;
  readonly limits?: ProjectLimits;
}

/**
 * Declares the project that this folder is.
 *
 * @example
 * ```ts
 * export default defineProject({ name: "flights" });
 * ```
 */
export function defineProject({ engines = {}, limits = {}, ...rest }: ProjectOptions): ProjectDefinition {
  return { kind: "project", ...rest, engines, limits };
}
