import { lakehouseErrors } from "../errors.ts";

/** ENOSPC and its kin as an error with a remedy; anything else as it is. */
export function mapDiskError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return lakehouseErrors.create("lakehouse/disk-full", {
    because: "the file system refused the write (ENOSPC)",
    cause: error,
  });
}
