import { expireSnapshots } from "../../src/care/expire.ts";
import { rewriteManifests } from "../../src/care/rewrite-manifests.ts";
import { openBareLake } from "./bare-lake.ts";
import type { Deed, LaneOf } from "./kill-lanes.ts";

/** Commits of a lake without SQL, some milliseconds each: rows that come by a copied file, and the care of the table. */
export function bareLane(folder: string): LaneOf {
  return {
    open: async () => {
      const lake = await openBareLake(folder);
      return {
        run: async (deed) => {
          if (deed.what === "append" || deed.what === "replace") await lake.write(deed.what);
          else if (deed.what === "rewrite") await rewriteManifests(lake.world, deed.table, { isDryRun: false });
          else await expireSnapshots(lake.world, deed.table, { maxAgeMs: -1, keep: 5, isDryRun: false });
        },
        close: () => lake.close(),
      };
    },
    draw: (random, { isFirst, isAlone }): Deed => {
      // The first makes the table, where there is none.
      const drawn = !isAlone || isFirst ? 0 : random();
      const what = drawn < 0.7 ? "append" : drawn < 0.8 ? "replace" : drawn < 0.9 ? "rewrite" : "expire";
      return { table: "t", what };
    },
  };
}
