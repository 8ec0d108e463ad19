import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { sharesFiles } from "./reachable-files.ts";

/** What is done for tables unless one says otherwise. */
export interface CareDefaults {
  readonly compact: boolean;
  readonly rewriteManifests: boolean;
  /** Snapshots older than this are forgotten. Undefined: only where a table tells an age itself. */
  readonly expireAfterMs?: number | undefined;
  readonly removeOrphans: boolean;
}

/** Nothing that may still be asked for goes: states are kept until somebody says how long. */
export const CARE_DEFAULTS: CareDefaults = { compact: true, rewriteManifests: true, removeOrphans: true };

/** What is to be done for one table. A text says why something is not. */
export interface CarePolicy {
  readonly compact: true | string;
  readonly rewriteManifests: true | string;
  /** `maxAgeMs` undefined: as the table's own properties say. */
  readonly expire: { readonly maxAgeMs: number | undefined } | string;
  readonly removeOrphans: true | string;
}

const ENABLED = "millwright.care.enabled";
const MAX_AGE = "history.expire.max-snapshot-age-ms";

/**
 * By the table's properties, then by the defaults. `millwright.care.enabled`, `.compact`, `.rewrite-manifests`, `.expire`
 * and `.remove-orphans` are true or false; the age of snapshots is Iceberg's `history.expire.max-snapshot-age-ms`, and a
 * table with Iceberg's `gc.enabled` = false keeps every file.
 */
export function carePolicyOf(metadata: IcebergMetadata, defaults: CareDefaults): CarePolicy {
  const { properties, "format-version": version } = metadata;
  const asked = (name: string, otherwise: boolean): true | string => {
    const property = `millwright.care.${name}`;
    const own = properties[property]?.toLowerCase();
    if (properties[ENABLED]?.toLowerCase() === "false") return `${ENABLED} = false`;
    if (own === "false") return `${property} = false`;
    return own === "true" || otherwise ? true : "the project leaves it";
  };
  const written = (answer: true | string) =>
    answer === true && version !== 2 ? `the table is of the format's version ${version}` : answer;
  const deleted = (answer: true | string) => (answer === true && sharesFiles(metadata) ? "gc.enabled = false" : answer);
  const hasAge = properties[MAX_AGE] !== undefined;
  const expires = deleted(asked("expire", hasAge || defaults.expireAfterMs !== undefined));
  const maxAgeMs = hasAge ? undefined : defaults.expireAfterMs;
  return {
    compact: written(asked("compact", defaults.compact)),
    rewriteManifests: written(asked("rewrite-manifests", defaults.rewriteManifests)),
    expire: expires === true ? { maxAgeMs } : expires === "the project leaves it" ? `no ${MAX_AGE} is told` : expires,
    removeOrphans: deleted(asked("remove-orphans", defaults.removeOrphans)),
  };
}
