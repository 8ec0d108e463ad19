import type { Database } from "@millwright/platform";
import type { FileChecksums } from "../ports.ts";
import { forgetFiles } from "./database-iceberg-entries.ts";
import { keepFiles } from "./database-table-catalog.ts";
import type { CatalogTables } from "./entry-rows.ts";

/** Checksums in the metadata database, of files whose tables another catalog keeps. */
export function openDatabaseFileChecksums({ database }: { readonly database: Database }): FileChecksums {
  const kysely = database.as<CatalogTables>();
  return {
    file: (path) => kysely.selectFrom("lake_file").selectAll().where("path", "=", path).executeTakeFirst(),
    files: () => kysely.selectFrom("lake_file").selectAll().orderBy("path").execute(),
    keep: (files) => keepFiles(kysely, files),
    forget: (paths) => forgetFiles(kysely, paths),
  };
}
