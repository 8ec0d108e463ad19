import { platformErrors } from "../errors.ts";

/** SQLSTATEs: what a server says that goes down, is not up yet, or takes no more connections; all of class 08. */
const UNREACHABLE_STATES = new Set(["57P01", "57P02", "57P03", "57P05", "53300", "25P03"]);
/** A wrong password, a role or database that there is not, and what the role may not do. */
const REFUSED_STATES = new Set(["28000", "28P01", "3D000", "42501", "3F000"]);
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EPIPE",
  "ENOENT",
]);
/** What the client says in words alone, without a code. */
const CONNECTION_LOST =
  /connection terminated|connection ended|timeout exceeded when trying to connect|not queryable|SSL|certificate/i;
const DISK_FULL = "53100";

/** The database's and the connection's failures as errors of the catalogue; anything else as it is. `place` holds no password. */
export function mapPostgresError(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === DISK_FULL)
    return platformErrors.create("platform/disk-full", { because: `the disk of ${place} is full`, cause: error });
  if (REFUSED_STATES.has(code))
    return platformErrors.create("platform/database-refused", { because: `${place}: ${error.message}`, cause: error });
  if (isUnreachable(code, error))
    return platformErrors.create("platform/database-unreachable", {
      because: `${place}: ${error.message === "" ? code : error.message}`,
      cause: error,
    });
  return error;
}

function isUnreachable(code: string, { message }: Error): boolean {
  if (UNREACHABLE_STATES.has(code) || NETWORK_CODES.has(code)) return true;
  return /^08[0-9A-Z]{3}$/.test(code) || (code === "" && CONNECTION_LOST.test(message));
}

/** Of the error, or of the first of the addresses that were tried. */
function codeOf(error: Error): string {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  if (typeof code === "string") return code;
  const [first] = errors ?? [];
  return first instanceof Error ? codeOf(first) : "";
}
