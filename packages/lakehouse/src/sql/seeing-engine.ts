import type { SqlEngine } from "../ports.ts";
import type { Relations } from "./relations.ts";

/** An engine that knows of each table that its SQL names, as it is at that moment. */
export function seeingEngine(engine: SqlEngine, relations: Relations): SqlEngine {
  return {
    ...engine,
    within: (scope) => seeingEngine(engine.within(scope), relations),
    query: async (sql, options) => {
      await relations.see(sql);
      return engine.query(sql, options);
    },
    run: async (statements) => {
      await relations.see(statements);
      return engine.run(statements);
    },
    describe: async (select) => {
      await relations.see(select);
      return engine.describe(select);
    },
    readColumns: async function* (select, options) {
      await relations.see(select);
      yield* engine.readColumns(select, options);
    },
    readBytes: async function* (sql, options) {
      await relations.see(sql);
      yield* engine.readBytes(sql, options);
    },
    writeParquet: async (request) => {
      await relations.see(request.select);
      return engine.writeParquet(request);
    },
    writeFiles: async (request) => {
      await relations.see(request.select);
      return engine.writeFiles(request);
    },
  };
}
