export type { Database, Migration, MigrationSet } from "./database/database.ts";
export { migrate } from "./database/migrate.ts";
