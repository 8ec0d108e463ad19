import { readFile } from "node:fs/promises";
import type { IdSource } from "@millwright/kernel";
import { writeFileDurably } from "../durable-file.ts";
import { platformErrors } from "../errors.ts";
import { identity } from "../migrations/0001-identity.ts";
import type { Database, MigrationSet } from "./database.ts";

export const platformMigrations: MigrationSet = { area: "platform", migrations: [identity] };

interface Tables {
  metadata_identity: { what: string; id: string };
}

/**
 * Binds a metadata database to the files that it describes, by an id that both hold from their first meeting on: two
 * machines may share both, but a database never tells of files that lie elsewhere. Throws `platform/other-files`.
 */
export async function bindToFiles(
  database: Database,
  { idFile, ids }: { readonly idFile: string; readonly ids: IdSource },
): Promise<void> {
  const id = await readOrMake(idFile, ids);
  const kysely = database.as<Tables>();
  const find = kysely.selectFrom("metadata_identity").select("id").where("what", "=", "files");
  const found = await find.executeTakeFirst();
  if (found?.id === id) return;
  await kysely
    .insertInto("metadata_identity")
    .values({ what: "files", id })
    .onConflict((on) => on.doNothing())
    .execute();
  const bound = await find.executeTakeFirstOrThrow();
  if (bound.id === id) return;
  throw platformErrors.create("platform/other-files", {
    because: `the database was bound to the files of ${bound.id}; ${idFile} says ${id}`,
  });
}

/** The file before the row: a row whose file was never written would bind the database to nothing. */
async function readOrMake(idFile: string, ids: IdSource): Promise<string> {
  const present = await readFile(idFile, "utf8").catch(() => "");
  if (present.trim() !== "") return present.trim();
  const made = ids();
  await writeFileDurably(idFile, `${made}\n`);
  return made;
}
