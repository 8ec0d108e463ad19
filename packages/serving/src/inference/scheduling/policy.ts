import { cannotLoad } from "../model-folder.ts";
import type { ModelConfig, QueuePolicyConfig } from "../model-config.ts";

/** How a model's requests wait for it and are executed, as its configuration has it, in Triton's terms. */
export interface SchedulingPolicy {
  /** Executions at once: the instances of `instance_group`. */
  readonly instances: number;
  /** Rows of one execution; 0 where each request is executed by itself. */
  readonly rowsMax: number;
  /** Rows that are not waited beyond: the least of `preferred_batch_size`, else `rowsMax`. */
  readonly rowsWanted: number;
  /** How long the first request of a batch may wait for others, in milliseconds. */
  readonly delayMs: number;
  /** Levels of priority; the first goes first. */
  readonly levels: number;
  /** Whether the configuration has any. */
  readonly hasLevels: boolean;
  readonly defaultLevel: number;
  /** The policy of a level's queue. */
  readonly queueOf: (level: number) => QueuePolicy;
}

interface QueuePolicy {
  /** Requests that may wait. */
  readonly lengthMax: number;
  /** How long a request may wait, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether one that waited too long is executed after all others, in place of being refused. */
  readonly isDelayed: boolean;
}

/** Where a configuration says nothing, so many requests may wait for a model that has a queue. */
const QUEUE_LENGTH_MAX = 10_000;

/** The policy that a configuration asks for; `executions` where the model says how many it takes at once. Throws `inference/cannot-load` where it contradicts itself. */
export function schedulingPolicy(config: ModelConfig, executions?: number): SchedulingPolicy {
  const { dynamic_batching: batching, instance_group: groups = [], max_batch_size: rows = 0 } = config;
  const instances = groups.reduce((sum, { count = 1 }) => sum + Math.max(1, count), 0);
  const levels = Math.max(1, batching?.priority_levels ?? 0);
  const defaultLevel = batching?.default_priority_level ?? 0;
  if (defaultLevel > levels)
    throw cannotLoad(`its default_priority_level is ${defaultLevel}, of ${levels} priority_levels`);
  const preferred = (batching?.preferred_batch_size ?? []).toSorted((one, other) => one - other);
  const beyond = preferred.find((size) => size < 1 || size > rows);
  if (beyond !== undefined)
    throw cannotLoad(`its preferred_batch_size ${beyond} is not within its max_batch_size, ${rows}`);
  const rowsMax = batching === undefined ? 0 : rows;
  const fallback = queuePolicy(batching?.default_queue_policy);
  const own = new Map(
    Object.entries(batching?.priority_queue_policy ?? {}).map(([level, policy]) => [
      Number(level),
      queuePolicy(policy),
    ]),
  );
  return {
    // A model that runs on the answering loop is executed when it is asked: there is nothing to wait for.
    instances: executions ?? (instances > 0 ? instances : batching === undefined ? Number.POSITIVE_INFINITY : 1),
    rowsMax,
    rowsWanted: preferred[0] ?? rowsMax,
    delayMs: (batching?.max_queue_delay_microseconds ?? 0) / 1_000,
    levels,
    hasLevels: (batching?.priority_levels ?? 0) > 0,
    defaultLevel: defaultLevel === 0 ? 1 : defaultLevel,
    queueOf: (level) => own.get(level) ?? fallback,
  };
}

function queuePolicy(given: QueuePolicyConfig = {}): QueuePolicy {
  const { max_queue_size: length = 0, default_timeout_microseconds: timeout = 0, timeout_action: action } = given;
  return {
    lengthMax: length === 0 ? QUEUE_LENGTH_MAX : length,
    timeoutMs: timeout === 0 ? Number.POSITIVE_INFINITY : timeout / 1_000,
    isDelayed: action === "DELAY",
  };
}
