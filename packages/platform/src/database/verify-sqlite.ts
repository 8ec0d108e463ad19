import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { sealState, type SealState } from "./sqlite-seal.ts";

export interface SqliteVerdict {
  readonly seal: SealState | "absent";
  /** What SQLite's own `integrity_check` says; none when it holds. */
  readonly problems: readonly string[];
}

const PROBLEMS_MAX = 20;

/** Reads a whole SQLite file and holds it against its seal and its own structure. Changes nothing. */
export function verifySqlite(path: string): SqliteVerdict {
  if (!existsSync(path)) return { seal: "absent", problems: [] };
  const seal = sealState(path);
  // Opening could change what is to be looked at: a sealed file needs no more, a damaged one is not opened.
  if (seal !== "unsealed") return { seal, problems: [] };
  try {
    const sqlite = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    try {
      const rows = sqlite.prepare(`pragma integrity_check(${PROBLEMS_MAX})`).all();
      return { seal, problems: rows.map((row) => String(row["integrity_check"])).filter((text) => text !== "ok") };
    } finally {
      sqlite.close();
    }
  } catch (error) {
    return { seal, problems: [error instanceof Error ? error.message : String(error)] };
  }
}
