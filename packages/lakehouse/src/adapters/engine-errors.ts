import { isMillError } from "@millwright/kernel";
import { platformErrors } from "@millwright/platform";
import { isFileFaultCode } from "../file-fault-codes.ts";
import { lakehouseErrors } from "../errors.ts";

/** DuckDB's message as the platform's error: what to mend decides the code. */
export function sqlError(error: Error): Error {
  if (isMillError(error)) return error;
  const message = error.message.trim();
  const because = firstLines(message);
  // As the relation of a table that cannot be read answers.
  const [, code, told] = /^Invalid Input Error: (lakehouse\/[a-z-]+): ([\s\S]*)$/.exec(message) ?? [];
  if (code !== undefined && told !== undefined && isFileFaultCode(code))
    return lakehouseErrors.create(code, { because: told });
  if (/No space left on device|max_temp_directory_size/i.test(message))
    return lakehouseErrors.create("lakehouse/disk-full", { because: "the SQL engine could not write (ENOSPC)" });
  if (/Input\/output error/i.test(message)) return platformErrors.create("platform/disk-fault", { because });
  if (/^Out of Memory Error/i.test(message)) return lakehouseErrors.create("lakehouse/engine-memory", { because });
  if (
    /magic bytes|not a Parquet file|Invalid Input Error.*\.parquet|TProtocolException|too small to be a Parquet/i.test(
      message,
    )
  ) {
    return lakehouseErrors.create("lakehouse/unreadable-file", { because });
  }
  const line = /^LINE (\d+):/m.exec(message)?.[1];
  return lakehouseErrors.create("lakehouse/sql-error", {
    because,
    ...(line === undefined ? {} : { where: { line: Number(line) } }),
  });
}

function firstLines(message: string): string {
  return message.length > 2_000 ? `${message.slice(0, 2_000)}…` : message;
}
