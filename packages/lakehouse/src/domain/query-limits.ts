import { lakehouseErrors } from "../errors.ts";

/** What a statement of a person or program may take. */
export interface QueryLimits {
  readonly timeoutMs: number;
  /** Rows of a result. */
  readonly rows: number;
  readonly memoryMb: number;
  readonly threads: number;
}

/** The limits of one statement. */
export interface LimitsOfOne {
  readonly timeoutMs: number;
  readonly rows: number;
  /** Undefined where it may use what the standing engine has. */
  readonly engine: Pick<QueryLimits, "memoryMb" | "threads"> | undefined;
}

const UNITS = { timeoutMs: "ms", rows: "rows", memoryMb: "MiB of memory", threads: "threads" } as const;

/** What was asked for within what there is at most. Throws `lakehouse/limit-too-high`. */
export function limitsOf(
  most: QueryLimits,
  asked: Partial<QueryLimits>,
  engine: Pick<QueryLimits, "memoryMb" | "threads">,
): LimitsOfOne {
  for (const name of ["timeoutMs", "rows", "memoryMb", "threads"] as const) {
    const wanted = asked[name];
    if (wanted !== undefined && wanted > most[name])
      throw lakehouseErrors.create("lakehouse/limit-too-high", {
        because: `${wanted} ${UNITS[name]} were asked for, and ${most[name]} are the most`,
      });
  }
  const limits = { ...most, ...asked };
  const isSmaller = limits.memoryMb < engine.memoryMb || limits.threads < engine.threads;
  return {
    timeoutMs: limits.timeoutMs,
    rows: limits.rows,
    engine: isSmaller
      ? { memoryMb: Math.min(limits.memoryMb, engine.memoryMb), threads: Math.min(limits.threads, engine.threads) }
      : undefined,
  };
}
