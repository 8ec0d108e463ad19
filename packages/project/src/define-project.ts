import { kernelErrors, parse, Type } from "@millwright/kernel";
import { timetable, type Schedule } from "@millwright/orchestration/define";
import {
  ICEBERG_CATALOG_ENGINE,
  ICEBERG_REST_ENGINE,
  POSTGRES_ENGINE,
  type IcebergCatalogEngine,
  type IcebergRestEngine,
  type PostgresEngine,
} from "./engines.ts";
import { PYTHON, type ProjectPython } from "./python-options.ts";

/** The settings of a project: `millwright.ts` exports one. */
export interface ProjectDefinition {
  readonly kind: "project";
  readonly name: string;
  readonly description?: string;
  readonly engines: ProjectEngines;
  readonly limits: ProjectLimits;
  /** When `mill up` takes the road, besides at its start. */
  readonly schedule?: Schedule;
  /** What is done for tables by itself; false: nothing. */
  readonly care?: ProjectCare | false;
  /** What models that need Python run in. */
  readonly python?: ProjectPython;
}

/** A table's own properties go before these. */
interface ProjectCare {
  /** Small files, and those with many deleted rows, are written anew. Default: true. */
  readonly compact?: boolean;
  /** Where there are very many manifests, they are written anew. Default: true. */
  readonly rewriteManifests?: boolean;
  /** States older than this are forgotten. Default: only those of tables with `history.expire.max-snapshot-age-ms`. */
  readonly expireAfterDays?: number;
  /** Files older than a week that nothing leads to are deleted. Default: true. */
  readonly removeOrphans?: boolean;
  /** How often `mill up` looks. Default: 10. */
  readonly everyMinutes?: number;
}

/** One line each. What is absent is embedded. */
interface ProjectEngines {
  /** Where runs, versions and the tables' catalog are kept: `postgres({…})` in place of SQLite under `.mill`. */
  readonly metadata?: PostgresEngine;
  /**
   * Who may use the Iceberg catalog, and where tables may lie besides: `icebergCatalog({…})`; or another catalog that the
   * tables are in: `icebergRest({…})`.
   */
  readonly catalog?: IcebergCatalogEngine | IcebergRestEngine;
}

/** Bounds for this project's processes. */
interface ProjectLimits {
  /** Memory of the SQL engine in mebibytes. */
  readonly engineMemoryMb?: number;
  /** Threads for SQL and for training. Default: the machine's. */
  readonly threads?: number;
  /** How long a statement of `mill sql` or the API may take, in milliseconds. Default: an hour. */
  readonly queryTimeoutMs?: number;
  /** Rows that the result of such a statement may have. Default: 100,000,000. */
  readonly queryRows?: number;
  /** Memory that such a statement may use, in mebibytes. Default: the engine's. With less, each has an engine to itself. */
  readonly queryMemoryMb?: number;
  /** Threads that such a statement may use. Default: `threads`. With fewer, each has an engine to itself. */
  readonly queryThreads?: number;
  /**
   * Memory of the models that documents ask for, in mebibytes: they are loaded when they are asked for, and those asked for
   * longest ago make room. Default: no bound, and all are loaded at the start.
   */
  readonly servedModelsMb?: number;
  /** Of those, the ones that are loaded at the start and stay. The models of the project's own graphs stay without it. */
  readonly pinnedModels?: readonly string[];
}

export interface ProjectOptions {
  readonly name: string;
  readonly description?: string;
  readonly engines?: ProjectEngines;
  readonly limits?: ProjectLimits;
  /** When `mill up` takes the road, besides at its start: `{ cron: "0 6 * * *", timezone: "Europe/Zurich" }`. */
  readonly schedule?: Schedule;
  /** What is done for tables by itself: `{ expireAfterDays: 30 }`; false: nothing. */
  readonly care?: ProjectCare | false;
  /** What models that need Python run in: `{ requirements: ["scikit-learn==1.9.1"], workers: 2 }`. */
  readonly python?: ProjectPython;
}

const isAsked = Type.Optional(Type.Boolean());
const CARE = Type.Object(
  {
    compact: isAsked,
    rewriteManifests: isAsked,
    expireAfterDays: Type.Optional(Type.Number({ minimum: 0 })),
    removeOrphans: isAsked,
    everyMinutes: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  },
  { additionalProperties: false },
);
const count = Type.Optional(Type.Integer({ minimum: 1 }));
const OPTIONS = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    description: Type.Optional(Type.String()),
    engines: Type.Optional(
      Type.Object(
        {
          metadata: Type.Optional(POSTGRES_ENGINE),
          catalog: Type.Optional(Type.Union([ICEBERG_CATALOG_ENGINE, ICEBERG_REST_ENGINE])),
        },
        { additionalProperties: false },
      ),
    ),
    schedule: Type.Optional(
      Type.Union([
        Type.Object({ cron: Type.String(), timezone: Type.Optional(Type.String()) }, { additionalProperties: false }),
        Type.Object({ every: Type.String() }, { additionalProperties: false }),
      ]),
    ),
    care: Type.Optional(Type.Union([CARE, Type.Literal(false)])),
    python: Type.Optional(PYTHON),
    limits: Type.Optional(
      Type.Object(
        {
          engineMemoryMb: count,
          threads: count,
          queryTimeoutMs: count,
          queryRows: count,
          queryMemoryMb: count,
          queryThreads: count,
          servedModelsMb: count,
          pinnedModels: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/**
 * Declares the project that this folder is. Throws `kernel/invalid` for a key or value that it does not know, and
 * `orchestration/bad-schedule`.
 *
 * @example
 * ```ts
 * export default defineProject({ name: "flights" });
 * ```
 */
export function defineProject(options: ProjectOptions): ProjectDefinition {
  parse(OPTIONS, options, { what: "defineProject" });
  if (options.schedule !== undefined) timetable(options.schedule);
  requireBound(options.limits);
  const { engines = {}, limits = {}, ...rest } = options;
  return { kind: "project", ...rest, engines, limits };
}

function requireBound({ servedModelsMb, pinnedModels = [] }: ProjectLimits = {}): void {
  if (servedModelsMb !== undefined || pinnedModels.length === 0) return;
  throw kernelErrors.create("kernel/invalid", {
    because: "defineProject: /limits/pinnedModels: without servedModelsMb no model has to make room",
    remedy: "Say how much memory they may take, `limits: { servedModelsMb: 800, pinnedModels: […] }`, or pin none.",
  });
}
