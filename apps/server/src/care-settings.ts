import { CARE_DEFAULTS, type CareDefaults } from "@millwright/lakehouse";
import type { Project } from "@millwright/project";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const EVERY_MINUTES = 10;
const NOTHING: CareDefaults = { compact: false, rewriteManifests: false, removeOrphans: false };

/** What is done for a project's tables by itself. In another catalog others' tables lie, too: there it must be asked for. */
export function careDefaultsOf({ care: asked, engines }: Project["settings"]): CareDefaults {
  const isElsewhere = engines.catalog !== undefined && engines.catalog.engine !== "iceberg-catalog";
  const care = asked ?? (isElsewhere ? false : {});
  if (care === false) return NOTHING;
  const { expireAfterDays, compact, rewriteManifests, removeOrphans } = care;
  return {
    compact: compact ?? CARE_DEFAULTS.compact,
    rewriteManifests: rewriteManifests ?? CARE_DEFAULTS.rewriteManifests,
    removeOrphans: removeOrphans ?? CARE_DEFAULTS.removeOrphans,
    ...(expireAfterDays === undefined ? {} : { expireAfterMs: expireAfterDays * DAY_MS }),
  };
}

/** How often tables are looked at while the project is up. */
export function careEveryMs({ care = {} }: Project["settings"]): number {
  return (care === false ? EVERY_MINUTES : (care.everyMinutes ?? EVERY_MINUTES)) * MINUTE_MS;
}
