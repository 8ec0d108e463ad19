import type { LogLine } from "@millwright/client";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export const PROCESSES = ["control", "serving"] as const;

/** What the page shows of the logs: its address says it. */
export interface LogFilter {
  readonly process?: (typeof PROCESSES)[number];
  readonly level?: (typeof LEVELS)[number];
  readonly step?: string;
  readonly text?: string;
}

/** The filter of an address; what is no filter's value is left away. */
export function logFilterOf(search: Record<string, unknown>): LogFilter {
  const process = PROCESSES.find((one) => one === search["process"]);
  const level = LEVELS.find((one) => one === search["level"]);
  return {
    ...(process === undefined ? {} : { process }),
    ...(level === undefined ? {} : { level }),
    ...textOf("step", search["step"]),
    ...textOf("text", search["text"]),
  };
}

function textOf(name: "step" | "text", value: unknown): LogFilter {
  // What looks like a number in an address is read as one.
  return value === "" || (typeof value !== "string" && typeof value !== "number") ? {} : { [name]: String(value) };
}

/** Whether a line that has just come is one of those that the page shows. The server says it of the older ones. */
export function isShown(line: LogLine, { process, level, step, text }: LogFilter): boolean {
  const { task } = line.fields;
  const isOfStep = typeof task === "string" && (task === step || task.slice(task.indexOf(":") + 1) === step);
  return (
    (process === undefined || line.process === process) &&
    (level === undefined || LEVELS.indexOf(line.level) >= LEVELS.indexOf(level)) &&
    (step === undefined || isOfStep) &&
    (text === undefined || JSON.stringify(line).toLowerCase().includes(text.toLowerCase()))
  );
}
