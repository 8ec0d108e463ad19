import { platformErrors } from "@millwright/platform";

/** What went wrong on listening, told as `platform/port-taken` where that is what it was. gRPC tells it in words alone. */
export function portError(error: unknown, { host, port }: { readonly host: string; readonly port: number }): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const found = /EACCES|EADDRINUSE/.exec(`${code} ${message}`)?.[0];
  if (found === undefined) return error;
  const why = found === "EACCES" ? "is for the system's administrator" : "is taken by another program";
  return platformErrors.create("platform/port-taken", { because: `port ${port} of ${host} ${why}`, cause: error });
}
