import type { Clock, IdSource } from "@millwright/kernel";
import type { ObjectStore, SqlEngine } from "../ports.ts";
import type { MirroredState, MirroredTable } from "./mirrored-table.ts";

export interface MirrorPorts {
  readonly store: ObjectStore;
  readonly engine: Pick<SqlEngine, "query" | "run">;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** What a mirror was made from; `state` is undefined where another than the platform has written to it since. */
export interface Mirrored {
  /** As the format counts its states. */
  readonly version: string;
  readonly state: MirroredState | undefined;
}

/** One format that tables are mirrored as. */
export interface MirrorFormat {
  /** Undefined where there is no mirror. */
  mirrored(folder: string): Promise<Mirrored | undefined>;
  /** Why the table cannot be mirrored so; undefined when it can. Changes nothing. */
  refusal(folder: string, table: MirroredTable): Promise<string | undefined>;
  /** Makes the mirror what the table is, in one step; what it was before stays when the table is refused, with why. */
  write(folder: string, table: MirroredTable): Promise<string | undefined>;
}

/** Kept in a commit of the mirror's own log, so that a mirror and what it was made from change in one step. */
export const STATE_KEY = "millwright.mirrors";

export function printState({ tableUuid, snapshotId, schemaId }: MirroredState): string {
  return JSON.stringify({ tableUuid, snapshotId, schemaId });
}

export function parseState(text: unknown): MirroredState | undefined {
  if (typeof text !== "string") return undefined;
  const { tableUuid, snapshotId, schemaId } = JSON.parse(text) as Partial<MirroredState>;
  return typeof tableUuid === "string" && typeof schemaId === "number"
    ? { tableUuid, snapshotId: snapshotId ?? null, schemaId }
    : undefined;
}
