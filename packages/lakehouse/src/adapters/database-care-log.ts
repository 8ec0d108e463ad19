import type { Database } from "@millwright/platform";
import type { CareAction, TableCare } from "../care/care-for-table.ts";
import type { CareLog } from "../care/caretaking.ts";

interface CareTables {
  lake_care: { name: string; cared_at: number; orphans_at: number; actions: string };
}

/** What was last done for each table, in the metadata database. */
export function openDatabaseCareLog({ database }: { readonly database: Database }): CareLog {
  const kysely = database.as<CareTables>();
  return {
    last: async (table) => {
      const row = await kysely.selectFrom("lake_care").selectAll().where("name", "=", table).executeTakeFirst();
      if (row === undefined) return undefined;
      const actions = JSON.parse(row.actions) as readonly CareAction[];
      const care: TableCare = { table, atMs: Number(row.cared_at), isDryRun: false, actions };
      return { care, orphansAtMs: Number(row.orphans_at) };
    },
    record: async ({ table, atMs, actions }, { orphansAtMs }) => {
      const content = { cared_at: atMs, orphans_at: orphansAtMs, actions: JSON.stringify(actions) };
      await kysely
        .insertInto("lake_care")
        .values({ name: table, ...content })
        .onConflict((on) => on.column("name").doUpdateSet(content))
        .execute();
    },
  };
}
