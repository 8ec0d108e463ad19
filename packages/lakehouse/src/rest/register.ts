import { sha256Of } from "@millwright/platform";
import type { IcebergMetadata } from "../domain/iceberg/metadata.ts";
import { parseMetadata } from "../domain/iceberg/read-metadata.ts";
import { icebergErrors } from "../iceberg-errors.ts";
import type { StoredFile } from "../ports.ts";
import { placesOf, type CatalogWorld } from "./world.ts";

/** A metadata file that another has written: from now on it is held against what it is now. */
export async function readRegistered(
  world: CatalogWorld,
  location: string,
): Promise<{ readonly metadata: IcebergMetadata; readonly file: StoredFile }> {
  placesOf(world).checkOwn(location);
  const path = world.store.pathOf(location);
  const bytes = await world.store.read(location).catch((error: unknown) => {
    throw icebergErrors.create("iceberg/not-found", {
      because: `Failed to open input stream for file: ${location.slice(0, 300)}`,
      cause: error,
    });
  });
  const metadata = parseMetadata(bytes);
  if (metadata === undefined)
    throw icebergErrors.create("iceberg/bad-request", { because: "the file is not the metadata of an Iceberg table" });
  return { metadata, file: { path, bytes: bytes.length, sha256: sha256Of(bytes) } };
}
