import { inferenceErrors } from "./errors.ts";
import { quoted } from "./tensor.ts";

/** What the logging extension shows and sets. */
export interface LogSettings {
  readonly log_file: string;
  readonly log_info: boolean;
  readonly log_warning: boolean;
  readonly log_error: boolean;
  /** From 1 on each inference is logged. */
  readonly log_verbose_level: number;
  readonly log_format: string;
}

/** What the trace extension shows and sets, each as text, as the protocol has it. */
export interface TraceSettings {
  readonly trace_level: readonly string[];
  /** One of so many requests is traced. */
  readonly trace_rate: string;
  /** How many more are traced; -1 without end. */
  readonly trace_count: string;
  readonly log_frequency: string;
  readonly trace_file: string;
  readonly trace_mode: string;
}

type Given = Readonly<Record<string, unknown>>;

const LEVELS: readonly string[] = ["OFF", "TIMESTAMPS"];

export const LOG_DEFAULTS: LogSettings = {
  log_file: "",
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: "default",
};

export const TRACE_DEFAULTS: TraceSettings = {
  trace_level: ["OFF"],
  trace_rate: "1000",
  trace_count: "-1",
  log_frequency: "0",
  trace_file: "",
  trace_mode: "triton",
};

/** The settings with those that are given. Throws `inference/setting`. */
export function changedLog(before: LogSettings, given: Given): LogSettings {
  const changed: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(before, name)) throw wrong(name, "is no setting of the log");
    if (!LOG_CHECKS[name as keyof LogSettings](value)) throw wrong(name, `cannot be ${quoted(value)}`);
    changed[name] = value;
  }
  return changed as unknown as LogSettings;
}

const isBoolean = (value: unknown): boolean => typeof value === "boolean";

const LOG_CHECKS: Readonly<Record<keyof LogSettings, (value: unknown) => boolean>> = {
  // Where the log lies is not for callers to say.
  log_file: (value) => value === "",
  log_info: isBoolean,
  // What goes wrong is always said.
  log_warning: (value) => value === true,
  log_error: (value) => value === true,
  log_verbose_level: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1_000,
  log_format: (value) => value === "default",
};

/** The settings with those that are given; null brings back what `fallback` has. Throws `inference/setting`. */
export function changedTrace(before: TraceSettings, given: Given, fallback: TraceSettings): TraceSettings {
  const changed: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(before, name)) throw wrong(name, "is no setting of traces");
    const setting = name as keyof TraceSettings;
    changed[setting] = value === null ? fallback[setting] : traceValue(setting, value);
  }
  return changed as unknown as TraceSettings;
}

function traceValue(name: keyof TraceSettings, given: unknown): string | readonly string[] {
  const values = (Array.isArray(given) ? given : [given]) as readonly unknown[];
  if (!values.every((value) => typeof value === "string" || typeof value === "number"))
    throw wrong(name, `cannot be ${quoted(given)}`);
  const texts = values.map(String);
  if (name === "trace_level") {
    if (texts.length > 0 && texts.every((level) => LEVELS.includes(level))) return texts;
    throw wrong(name, `is a list of ${LEVELS.join(", ")}`);
  }
  const [text = "", ...more] = texts;
  if (more.length === 0 && TRACE_CHECKS[name].test(text)) return text;
  throw wrong(name, `cannot be ${quoted(text)}`);
}

const TRACE_CHECKS: Readonly<Record<Exclude<keyof TraceSettings, "trace_level">, RegExp>> = {
  trace_rate: /^[1-9]\d{0,9}$/,
  trace_count: /^(?:-1|\d{1,10})$/,
  log_frequency: /^\d{1,10}$/,
  // Traces go to the server's log: where a file lies is not for callers to say.
  trace_file: /^$/,
  trace_mode: /^triton$/,
};

function wrong(name: string, how: string): Error {
  return inferenceErrors.create("inference/setting", { because: `${quoted(name)} ${how}` });
}
