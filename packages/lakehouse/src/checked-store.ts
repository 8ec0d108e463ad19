import { sha256Of } from "@millwright/platform";
import { damageOf } from "./file-fault-codes.ts";
import { lakehouseErrors } from "./errors.ts";
import type { ObjectStore, TableCatalog } from "./ports.ts";

/**
 * A store whose reads are held against what was written: metadata and manifests decide which rows there are, so a flipped
 * bit in them must not be believed. What nothing is known of is read as it is. Throws `lakehouse/damaged-metadata`,
 * `lakehouse/damaged-manifest`, `lakehouse/damaged-file`, `lakehouse/missing-file`.
 */
export function checkedStore(store: ObjectStore, catalog: Pick<TableCatalog, "file">): ObjectStore {
  return {
    ...store,
    read: async (location) => {
      const path = store.pathOf(location);
      const [bytes, written] = await Promise.all([store.read(location).catch(missing(path)), catalog.file(path)]);
      if (written === undefined || written.sha256 === sha256Of(bytes)) return bytes;
      throw lakehouseErrors.create(damageOf(path), { because: `${path} is not as it was written` });
    },
  };
}

function missing(path: string): (error: unknown) => never {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw lakehouseErrors.create("lakehouse/missing-file", { because: `${path} is missing` });
  };
}
