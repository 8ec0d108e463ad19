import { cannotLoad } from "../inference/model-folder.ts";
import type { ModelConfig } from "../inference/model-config.ts";
import { SCALE_DEFAULTS, type ScalePolicy } from "./autoscaler.ts";
import type { PoolLimits } from "./worker-pool.ts";

/** How a model's workers are run. */
export interface PythonSettings {
  readonly scale: ScalePolicy;
  readonly limits: PoolLimits;
  /** Executions that the pool is given at once: so many that the autoscaler sees when more workers are needed. */
  readonly executions: number;
}

const LIMITS: PoolLimits = { loadMs: 300_000, requestMs: 60_000, beginMs: 10_000 };
const WORKERS_MAX = 256;

/** Knative's annotations and fields of its autoscaler's settings, with or without its prefix; and our own bounds of time. */
const PARAMETERS: Readonly<
  Record<string, { readonly least: number; readonly most: number; readonly isTime?: boolean }>
> = {
  "min-scale": { least: 0, most: WORKERS_MAX },
  "max-scale": { least: 1, most: WORKERS_MAX },
  target: { least: 0.01, most: 1_000 },
  "target-utilization-percentage": { least: 1, most: 100 },
  window: { least: 6_000, most: 3_600_000, isTime: true },
  "panic-window-percentage": { least: 1, most: 100 },
  "panic-threshold-percentage": { least: 110, most: 1_000 },
  "scale-to-zero-pod-retention-period": { least: 0, most: 86_400_000, isTime: true },
  "request-timeout": { least: 1, most: 86_400_000, isTime: true },
  "load-timeout": { least: 1, most: 86_400_000, isTime: true },
};

const KNATIVE = "autoscaling.knative.dev/";

/** What holds for models whose configuration says nothing: a number of workers, and parameters by Knative's names. */
export interface PythonDefaults {
  readonly workers: number;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What a configuration says of the workers, before what is said for all. Throws `inference/cannot-load`. */
export function pythonSettings(config: ModelConfig, { workers, parameters = {} }: PythonDefaults): PythonSettings {
  const usual = Object.entries(parameters).map(([name, value]) => [name, { string_value: value }] as const);
  const given = { ...parametersOf({ parameters: Object.fromEntries(usual) }), ...parametersOf(config) };
  const counted = (config.instance_group ?? []).reduce((sum, { count = 1 }) => sum + Math.max(1, count), 0);
  const max = given["max-scale"] ?? (counted > 0 ? counted : Math.max(workers, given["min-scale"] ?? 0));
  // Without a word of scaling there are as many as there may be.
  const min = given["min-scale"] ?? (given["max-scale"] === undefined ? max : 1);
  if (max > WORKERS_MAX) throw cannotLoad(`it would have ${max} workers, of at most ${WORKERS_MAX}`);
  if (min > max) throw cannotLoad(`its min-scale is ${min}, and its max-scale ${max}`);
  const stableWindowMs = given["window"] ?? SCALE_DEFAULTS.stableWindowMs;
  const asked = given["target"] ?? 1;
  const scale = {
    ...SCALE_DEFAULTS,
    min,
    max,
    target: (asked * (given["target-utilization-percentage"] ?? 70)) / 100,
    stableWindowMs,
    panicWindowMs: (stableWindowMs * (given["panic-window-percentage"] ?? 10)) / 100,
    panicThreshold: (given["panic-threshold-percentage"] ?? 200) / 100,
    zeroGraceMs: given["scale-to-zero-pod-retention-period"] ?? SCALE_DEFAULTS.zeroGraceMs,
  };
  const { loadMs, requestMs, beginMs } = LIMITS;
  const limits = { loadMs: given["load-timeout"] ?? loadMs, requestMs: given["request-timeout"] ?? requestMs, beginMs };
  return { scale, limits, executions: Math.ceil(max * Math.max(1, asked)) };
}

/** The parameters that are known, as numbers, times in milliseconds. */
function parametersOf({ parameters = {} }: ModelConfig): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [key, { string_value: text = "" }] of Object.entries(parameters)) {
    const name = (key.startsWith(KNATIVE) ? key.slice(KNATIVE.length) : key).replaceAll("_", "-").toLowerCase();
    const known = PARAMETERS[name];
    if (known === undefined) continue;
    const value = known.isTime === true ? milliseconds(text) : numberIn(text);
    const isWhole = name.endsWith("-scale") ? Number.isInteger(value) : true;
    if (value === undefined || !isWhole || value < known.least || value > known.most)
      throw cannotLoad(
        `its parameter ${key} is ${JSON.stringify(text)}, and is ${known.isTime === true ? "a time as in 90s" : "a number"} from ` +
          `${known.least} to ${known.most}${known.isTime === true ? " ms" : ""}`,
      );
    found[name] = value;
  }
  return found;
}

function numberIn(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A time as Go writes it, of one unit; a number alone is seconds. */
function milliseconds(text: string): number | undefined {
  const [, number = "", unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  return number === "" ? undefined : Number(number) * (UNITS[unit] ?? Number.NaN);
}
