/** One move of an alias, with who it took the place of and why. */
export interface AliasChange {
  readonly id: string;
  readonly model: string;
  readonly alias: string;
  readonly kind: "promote" | "rollback";
  readonly version: number;
  readonly previousVersion: number | null;
  readonly reason: string;
  readonly changedAtMs: number;
}

/**
 * The version that a rollback goes to: the one that the alias meant before what it means now. Rolling back again goes
 * further back, not forth. Undefined when nothing is known to be before.
 */
export function versionBefore(
  changes: readonly Pick<AliasChange, "kind" | "version" | "previousVersion">[],
): number | undefined {
  const past: number[] = [];
  for (const { kind, version, previousVersion } of changes) {
    if (past.length === 0 && previousVersion !== null) past.push(previousVersion);
    const known = past.lastIndexOf(version);
    if (kind === "rollback" && known >= 0) past.length = known + 1;
    else if (past.at(-1) !== version) past.push(version);
  }
  return past.at(-2);
}
