import { icebergErrors } from "../../iceberg-errors.ts";
import type { IcebergMetadata, SnapshotId } from "./metadata.ts";

/** One thing that must hold of a table for a commit to be made. */
export interface Requirement {
  readonly type: string;
  readonly [field: string]: unknown;
}

type Check = (base: IcebergMetadata, requirement: Requirement) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  "assert-create": () => {
    throw failed("table already exists");
  },
  "assert-table-uuid": (base, { uuid }) => {
    const same = typeof uuid === "string" && uuid.toLowerCase() === base["table-uuid"].toLowerCase();
    if (!same) throw failed(`UUID does not match: expected ${base["table-uuid"]} != ${String(uuid)}`);
  },
  "assert-ref-snapshot-id": checkRef,
  "assert-last-assigned-field-id": (base, given) =>
    checkEqual("last assigned field id changed", given["last-assigned-field-id"], base["last-column-id"]),
  "assert-current-schema-id": (base, given) =>
    checkEqual("current schema changed", given["current-schema-id"], base["current-schema-id"]),
  "assert-last-assigned-partition-id": (base, given) =>
    checkEqual("last assigned partition id changed", given["last-assigned-partition-id"], base["last-partition-id"]),
  "assert-default-spec-id": (base, given) =>
    checkEqual("default partition spec changed", given["default-spec-id"], base["default-spec-id"]),
  "assert-default-sort-order-id": (base, given) =>
    checkEqual("default sort order changed", given["default-sort-order-id"], base["default-sort-order-id"]),
};

/** Throws `iceberg/commit-failed` when the table is not as the commit requires. */
export function checkRequirements(base: IcebergMetadata, requirements: readonly Requirement[]): void {
  for (const requirement of requirements) {
    const check = Object.hasOwn(CHECKS, requirement.type) ? CHECKS[requirement.type] : undefined;
    if (check === undefined)
      throw icebergErrors.create("iceberg/bad-request", {
        because: `Cannot convert update requirement from json. Unrecognized type: ${requirement.type.slice(0, 100)}`,
      });
    check(base, requirement);
  }
}

function checkRef(base: IcebergMetadata, { ref, "snapshot-id": expected }: Requirement): void {
  const name = typeof ref === "string" ? ref : "";
  const present = Object.hasOwn(base.refs, name) ? base.refs[name] : undefined;
  const required = (expected ?? null) as SnapshotId | null;
  if (present === undefined) {
    if (required !== null) throw failed(`branch or tag ${name} is missing, expected ${required}`);
    return;
  }
  if (required === null) throw failed(`${present.type} ${name} was created concurrently`);
  if (present["snapshot-id"] !== required)
    throw failed(`${present.type} ${name} has changed: expected id ${required} != ${present["snapshot-id"]}`);
}

function checkEqual(what: string, expected: unknown, present: number): void {
  if (expected !== present) throw failed(`${what}: expected id ${String(expected)} != ${present}`);
}

function failed(because: string): Error {
  return icebergErrors.create("iceberg/commit-failed", { because: `Requirement failed: ${because}` });
}
