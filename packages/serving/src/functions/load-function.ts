import type { Column } from "@millwright/kernel";
import {
  createOnlineFeatures,
  featureErrors,
  type LookedUp,
  type OnlineFeatures,
} from "@millwright/feature-store/serving";
import type { DeployedFunction } from "../deployment.ts";
import { servingErrors } from "../errors.ts";
import { declaredFields } from "../request.ts";
import type { PredictionLog } from "../prediction-log.ts";
import type { ServicePorts } from "../service.ts";
import { FunctionThread, type FunctionThreadOptions } from "./function-thread.ts";

/** One answer of a function: its own fields beside those of every answer. */
export type FunctionAnswer = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly model_name: string;
  readonly model_version: string;
};

/** A service that is a function of the project. */
export interface LoadedFunction {
  readonly deployed: DeployedFunction;
  call(
    row: Readonly<Record<string, unknown>>,
    options?: {
      readonly id?: string | undefined;
      readonly through?: readonly string[];
      /** Where what it answers is kept; in the log of predictions unless told. */
      readonly log?: Pick<PredictionLog, "add">;
      /** It is asked in order to explain another answer: nothing of it is kept. */
      readonly isTrial?: boolean | undefined;
    },
  ): Promise<FunctionAnswer>;
  close(): Promise<void>;
}

export interface FunctionPorts extends ServicePorts, Pick<FunctionThreadOptions, "logger" | "ask"> {
  readonly millwrightUrl: string;
}

export function isFunction(service: { readonly deployed: object }): service is LoadedFunction {
  return "call" in service;
}

/** Starts a function's thread and prepares its lookup. Throws `serving/function-failed` where its file cannot be read. */
export async function loadFunction(ports: FunctionPorts, deployed: DeployedFunction): Promise<LoadedFunction> {
  const { online, log, clock, ids, logger, ask, millwrightUrl } = ports;
  const { name, version, selections, timestamp, limits, file } = deployed;
  const features = createOnlineFeatures(online, { selections, ...(timestamp === undefined ? {} : { timestamp }) });
  const thread = new FunctionThread({ data: { file, service: name, millwrightUrl }, limits, clock, logger, ask });
  await thread.ready().catch(async (error: unknown) => {
    await thread.close();
    throw error;
  });
  return {
    deployed,
    close: () => thread.close(),
    call: async (row, { id: given, through = [], log: kept = log, isTrial } = {}) => {
      const startedMs = clock.monotonicMs();
      const nowMs = clock.nowMs();
      const request = exactFields(deployed.request, declaredFields(deployed.request, row));
      const found = features.lookup(request, nowMs);
      const values = featureValues(features, found);
      const id = given ?? ids();
      const answer = checkedAnswer(deployed, await thread.ask({ id, request, features: values, through, isTrial }));
      const { probability = null } = answer;
      const record = {
        id,
        at_ms: nowMs,
        service: name,
        model: name,
        model_version: version,
        request,
        features: Object.values(values),
        feature_times: found.featureTimesMs,
        missing: found.missing.join(","),
        stale: found.stale.join(","),
        probability: typeof probability === "number" ? probability : null,
        prediction: JSON.stringify(answer),
        probabilities: null,
        latency_us: Math.round((clock.monotonicMs() - startedMs) * 1_000),
        variant: null,
        experiment: null,
      };
      if (isTrial !== true) kept.add(record);
      return { id, model_name: name, model_version: String(version), ...answer };
    },
  };
}

/** Each field in the type that it has for the function. Throws `features/missing-field` and `features/wrong-field`. */
function exactFields(
  columns: readonly Column[],
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    columns.map(({ name, type, nullable }) => {
      const value = given[name] ?? null;
      if (value === null && nullable !== true)
        throw featureErrors.create("features/missing-field", { because: `the request has no ${name}` });
      return [name, value === null ? null : exactValue(name, type, value)];
    }),
  );
}

function exactValue(name: string, type: string, value: unknown): unknown {
  if (type === "boolean") return Boolean(value);
  if (type === "timestamp") return timeText(name, value as string | number);
  if ((type !== "long" && type !== "int") || typeof value === "number") return value;
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw featureErrors.create("features/wrong-field", { because: `${name} is too large for a function's number` });
}

/** As ISO 8601; UTC where it names no zone. */
function timeText(name: string, value: string | number): string {
  const isZoned = typeof value === "number" || /(?:Z|[+-]\d{2}:?\d{2})$/i.test(value);
  const time = new Date(isZoned ? value : `${value}${value.includes(":") ? "Z" : ""}`);
  if (Number.isNaN(time.getTime()))
    throw featureErrors.create("features/wrong-field", { because: `${name} is no time` });
  return time.toISOString();
}

function featureValues(
  { names }: OnlineFeatures,
  { values, texts }: LookedUp,
): Readonly<Record<string, number | string | null>> {
  return Object.fromEntries(
    names.map((name, at) => {
      const value = values[at] ?? Number.NaN;
      return [name, Number.isNaN(value) ? (texts[name] ?? null) : value];
    }),
  );
}

/** The declared fields of what a function answered. Throws `serving/wrong-answer` where one is not of its type. */
function checkedAnswer({ name, response }: DeployedFunction, answer: unknown): Readonly<Record<string, unknown>> {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer))
    throw wrongAnswer(name, "it is no object of the declared fields");
  const told = answer as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    response.map((column) => {
      const value = Object.hasOwn(told, column.name) ? told[column.name] : null;
      const problem = answerProblem(column, value ?? null);
      if (problem !== undefined) throw wrongAnswer(name, `${column.name} ${problem}`);
      return [column.name, value ?? null];
    }),
  );
}

function answerProblem({ type, nullable }: Column, value: unknown): string | undefined {
  if (value === null) return nullable === true ? undefined : "is missing";
  if (type === "boolean") return typeof value === "boolean" ? undefined : "is not true or false";
  if (type === "string" || type === "timestamp") return typeof value === "string" ? undefined : "is not text";
  if (type === "int" || type === "long") return Number.isSafeInteger(value) ? undefined : "is not a whole number";
  return typeof value === "number" ? undefined : "is not a number";
}

function wrongAnswer(name: string, because: string): Error {
  return servingErrors.create("serving/wrong-answer", { because: `${name}: ${because}` });
}
