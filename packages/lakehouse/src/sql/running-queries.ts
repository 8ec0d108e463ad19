import type { Clock, IdSource } from "@millwright/kernel";
import { lakehouseErrors } from "../errors.ts";

/** A statement that is under way. */
interface RunningQuery {
  readonly id: string;
  readonly sql: string;
  readonly branch: string;
  readonly startedAtMs: number;
}

/** One that has begun: whoever began it hands on its parts, and its end is the end of them. */
interface BegunQuery {
  readonly id: string;
  /** Fires when it is cancelled, has taken too long, or whoever asked has gone. */
  readonly signal: AbortSignal;
  during(parts: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  end(): void;
}

interface Beginning {
  /** One of its own unless told. */
  readonly id: string | undefined;
  readonly sql: string;
  readonly branch: string;
  /** Fires when whoever asked has gone. */
  readonly gone: AbortSignal;
  readonly timeoutMs: number;
}

/** The statements that are under way in one process, by id. */
export interface RunningQueries {
  /** Throws `lakehouse/query-exists`. */
  begin(beginning: Beginning): BegunQuery;
  /** The oldest first. */
  list(): readonly RunningQuery[];
  /** Throws `lakehouse/unknown-query`. */
  cancel(id: string): RunningQuery;
}

const SHOWN_SQL_MAX = 10_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

export function createRunningQueries({
  clock,
  ids,
}: {
  readonly clock: Clock;
  readonly ids: IdSource;
}): RunningQueries {
  const running = new Map<string, { readonly query: RunningQuery; readonly end: AbortController }>();
  const begin = ({ id = ids(), sql, branch, gone, timeoutMs }: Beginning): BegunQuery => {
    if (running.has(id)) throw lakehouseErrors.create("lakehouse/query-exists", { because: `it is called ${id}` });
    const controller = new AbortController();
    const leave = () => controller.abort(cancelled("whoever asked has gone"));
    const timer = setTimeout(() => controller.abort(tooLong(timeoutMs)), Math.min(timeoutMs, TIMER_MS_MAX));
    const query = { id, sql: sql.slice(0, SHOWN_SQL_MAX), branch, startedAtMs: clock.nowMs() };
    running.set(id, { query, end: controller });
    gone.addEventListener("abort", leave, { once: true });
    if (gone.aborted) leave();
    const end = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", leave);
      running.delete(id);
    };
    const during = async function* (parts: AsyncIterable<Uint8Array>) {
      try {
        yield* parts;
      } finally {
        end();
      }
    };
    return { id, signal: controller.signal, during, end };
  };
  return {
    begin,
    list: () => Array.from(running.values(), ({ query }) => query),
    cancel: (id) => {
      const found = running.get(id);
      if (found === undefined)
        throw lakehouseErrors.create("lakehouse/unknown-query", { because: `nothing is called ${id}` });
      found.end.abort(cancelled(`${id} was cancelled`));
      return found.query;
    },
  };
}

function cancelled(because: string): Error {
  return lakehouseErrors.create("lakehouse/query-cancelled", { because });
}

function tooLong(timeoutMs: number): Error {
  return lakehouseErrors.create("lakehouse/query-timeout", { because: `it was not done after ${timeoutMs / 1_000} s` });
}
