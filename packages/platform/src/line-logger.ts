import type { LogFields, Logger } from "@millwright/kernel";

/** Says what goes wrong where a program was started that has no log of its own: a line each, without what is of `debug`. */
export function createLineLogger(write: (line: string) => void, bound: LogFields = {}): Logger {
  const say = (level: string) => (fields: LogFields, message: string) => {
    const { err, ...rest } = { ...bound, ...fields };
    const why = err === undefined ? "" : `: ${err instanceof Error ? err.message : JSON.stringify(err)}`;
    write(`${level}  ${message}${why}${Object.keys(rest).length === 0 ? "" : `  ${JSON.stringify(rest)}`}`);
  };
  return {
    debug: () => {},
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (fields) => createLineLogger(write, { ...bound, ...fields }),
  };
}
