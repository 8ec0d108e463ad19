import { fromPlain, type JinjaValue } from "../../jinja/values.ts";
import type { DbtNode } from "../node.ts";
import { modelOf } from "./invocation.ts";

export type Status = "success" | "error" | "skipped" | "pass" | "warn" | "fail" | "no-op" | "runtime error";

/** What became of one node. */
export interface NodeResult {
  readonly node: DbtNode;
  readonly status: Status;
  readonly message: string | null;
  readonly failures: number | null;
  readonly sql: string | null;
  readonly seconds: number;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What `on-run-end` sees of a result. */
export function resultMap({ node, status, message, failures, seconds }: NodeResult): JinjaValue {
  return new Map<string, JinjaValue>([
    ["status", status],
    ["node", fromPlain(modelOf(node))],
    ["unique_id", node.id],
    ["message", message],
    ["failures", failures],
    ["execution_time", seconds],
    ["adapter_response", new Map()],
    ["timing", []],
    ["thread_id", "Thread-1"],
  ]);
}

export function hasFailed({ status }: Pick<NodeResult, "status">): boolean {
  return status === "error" || status === "fail" || status === "runtime error";
}
