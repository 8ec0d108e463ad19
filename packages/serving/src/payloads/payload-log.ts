import { toProblem, type Clock, type IdSource } from "@millwright/kernel";
import type { GivenTensor } from "../inference/inputs.ts";
import { LostDigits } from "../inference/json-tensor.ts";
import type { InferCall } from "../inference/infer.ts";
import type { AskedBy } from "../inference/ports.ts";
import type { ServedModel } from "../inference/served-model.ts";
import type { Tensor } from "../inference/tensor.ts";
import { traceIdsOf } from "../inference/trace-context.ts";
import type { PredictionLog } from "../prediction-log.ts";
import { headOf, payloadBody, textBody, type PayloadBody, type TensorHead } from "./payload-body.ts";
import { isSecretHeader, PAYLOAD_DEFAULTS, type PayloadSettings } from "./payload-settings.ts";

/** One inference as it is kept. Times are milliseconds, how long it took microseconds; what was not kept is null. */
export interface PayloadRecord {
  readonly id: string;
  readonly at_ms: number;
  /** The caller's own name for it. */
  readonly client_request_id: string | null;
  readonly model_name: string;
  readonly model_version: string;
  /** The model, a graph for instance, that asked for it; null where it came from outside. */
  readonly asked_by: string | null;
  /** As it would be over HTTP. */
  readonly status_code: number;
  readonly execution_time_us: number;
  /** `{"inputs": [...]}` of the Open Inference Protocol, or the body of KServe's first one where a graph answered that. */
  readonly request: string | null;
  readonly request_truncated: boolean | null;
  readonly response: string | null;
  readonly response_truncated: boolean | null;
  readonly error: string | null;
  readonly sampling_fraction: number;
  readonly trace_id: string | null;
  /** The headers that were asked to be kept, as JSON. */
  readonly metadata: string | null;
}

/** An inference that is kept. Exactly one of its ends is told. */
export interface WatchedInference {
  /** To be read in place of the call's own: what is read of them is kept. */
  readonly inputs: readonly GivenTensor[];
  answered(outputs: readonly Tensor[]): void;
  failed(error: unknown): void;
}

interface WatchedBody {
  answered(status: number, body: string): void;
  failed(error: unknown): void;
}

/** Keeps requests and answers of models, a share of them, beside what answers. */
export interface PayloadLog {
  /** Undefined where the model's are not kept, or this one is not drawn. */
  watch(served: ServedModel, call: InferCall): WatchedInference | undefined;
  /** The same of a model that answers bodies as they are. */
  watchBody(
    served: ServedModel,
    asked: { readonly body: string; readonly by: AskedBy; readonly arrivedMs: number },
  ): WatchedBody | undefined;
  readonly written: number;
  /** Those that were drawn and not kept: more came than could be written, or the log is full. */
  readonly dropped: number;
  seal(): void;
  close(): void;
}

export interface PayloadLogOptions {
  /** Opens the log with the first that is kept. */
  readonly open: () => PredictionLog<PayloadRecord>;
  /** For models whose configuration says nothing. */
  readonly defaults?: Partial<PayloadSettings>;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly random: () => number;
  /** Has something done once what has arrived is answered. */
  readonly later: (work: () => void) => void;
  /** Told why the log could not be opened; it is tried again later. */
  readonly onFailed: (error: unknown) => void;
  /** Of what waits to be written as text. */
  readonly waitingBytesMax?: number;
}

const WAITING_BYTES_MAX = 8 * 2 ** 20;
/** What a record takes besides its tensors. */
const RECORD_BYTES = 1_024;
/** Another process may hold its folder until it has ended. */
const OPEN_AGAIN_MS = 5_000;
/** Requests wait no longer for what is written between them. */
const TURN_MS = 0.25;
const ERROR_CHARACTERS_MAX = 1_000;

type Making = () => PayloadRecord;

export function createPayloadLog(options: PayloadLogOptions): PayloadLog {
  return new Payloads(options);
}

class Payloads implements PayloadLog {
  readonly #options: PayloadLogOptions;
  readonly #settings = new WeakMap<ServedModel, PayloadSettings>();
  readonly #waiting: { readonly make: Making; readonly bytes: number }[] = [];
  #log: PredictionLog<PayloadRecord> | undefined;
  #waitingBytes = 0;
  #isSoon = false;
  #openAgainMs = 0;
  #written = 0;
  #dropped = 0;

  constructor(options: PayloadLogOptions) {
    this.#options = options;
  }

  get written(): number {
    return this.#written;
  }

  get dropped(): number {
    return this.#dropped;
  }

  watch(served: ServedModel, call: InferCall): WatchedInference | undefined {
    const settings = this.#drawn(served);
    if (settings === undefined) return undefined;
    const { mode, bodyBytesMax } = settings;
    const atMs = this.#options.clock.nowMs();
    const read: TensorHead[] = [];
    const keeps = mode !== "response";
    const end = (outputs: readonly Tensor[] | undefined, error?: unknown) => {
      const given = outputs === undefined || mode === "request" ? undefined : outputs;
      const answered = given?.map((tensor) => headOf(tensor, bodyBytesMax));
      const about = this.#about({ served, settings, by: call, arrivedMs: call.arrivedMs, atMs });
      const failed = failureOf(error);
      const bytes = [...read, ...(answered ?? [])].reduce((sum, head) => sum + head.bytes, RECORD_BYTES);
      this.#add(bytes, () => ({
        ...about,
        ...requested(keeps ? payloadBody("inputs", read, bodyBytesMax) : undefined),
        ...responded(answered && payloadBody("outputs", answered, bodyBytesMax)),
        ...failed,
      }));
    };
    return {
      inputs: keeps ? call.inputs.map((tensor) => keptOf(tensor, { read, bodyBytesMax })) : call.inputs,
      answered: (outputs) => end(outputs),
      failed: (error) => {
        // It is read again, with every digit, and kept then.
        if (!(error instanceof LostDigits)) end(undefined, error);
      },
    };
  }

  watchBody(served: ServedModel, { body, by, arrivedMs }: Parameters<PayloadLog["watchBody"]>[1]) {
    const settings = this.#drawn(served);
    if (settings === undefined) return undefined;
    const { mode, bodyBytesMax } = settings;
    const atMs = this.#options.clock.nowMs();
    const request = mode === "response" ? undefined : textBody(body, bodyBytesMax);
    const end = (told: { readonly answer?: string; readonly failure: ReturnType<typeof failureOf> }) => {
      const about = this.#about({ served, settings, by, arrivedMs, atMs });
      const response =
        told.answer === undefined || mode === "request" ? undefined : textBody(told.answer, bodyBytesMax);
      const bytes = RECORD_BYTES + (request?.text.length ?? 0) + (response?.text.length ?? 0);
      this.#add(bytes, () => ({ ...about, ...requested(request), ...responded(response), ...told.failure }));
    };
    return {
      answered: (status: number, answer: string) => end({ answer, failure: { status_code: status, error: null } }),
      failed: (error: unknown) => end({ failure: failureOf(error) }),
    };
  }

  /** What is kept of this one; undefined where nothing is. */
  #drawn(served: ServedModel): PayloadSettings | undefined {
    const known = this.#settings.get(served);
    const settings = known ?? { ...PAYLOAD_DEFAULTS, ...this.#options.defaults, ...served.payloads };
    if (known === undefined) this.#settings.set(served, settings);
    if (settings.mode === "none" || this.#options.random() >= settings.samplingFraction) return undefined;
    if (this.#waitingBytes < (this.#options.waitingBytesMax ?? WAITING_BYTES_MAX)) return settings;
    this.#dropped += 1;
    return undefined;
  }

  #about({
    served,
    settings: { samplingFraction, metadataHeaders },
    by: { id, headers, through },
    arrivedMs,
    atMs,
  }: {
    readonly served: ServedModel;
    readonly settings: PayloadSettings;
    readonly by: AskedBy;
    readonly arrivedMs: number;
    readonly atMs: number;
  }) {
    const { clock, ids } = this.#options;
    const given = headers?.() ?? {};
    const kept = metadataHeaders.filter((name) => !isSecretHeader(name) && given[name] !== undefined);
    return {
      id: ids(),
      at_ms: atMs,
      client_request_id: id ?? null,
      model_name: served.name,
      model_version: served.version,
      asked_by: through?.at(-1) ?? null,
      execution_time_us: Math.round((clock.monotonicMs() - arrivedMs) * 1_000),
      sampling_fraction: samplingFraction,
      trace_id: traceIdsOf(given["traceparent"]).traceId ?? null,
      metadata: kept.length === 0 ? null : JSON.stringify(Object.fromEntries(kept.map((name) => [name, given[name]]))),
    };
  }

  #add(bytes: number, make: Making): void {
    this.#waiting.push({ make, bytes });
    this.#waitingBytes += bytes;
    this.#writeSoon();
  }

  /** Some at a time, so that requests have their turn between. */
  #writeSoon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    this.#options.later(() => {
      this.#isSoon = false;
      const untilMs = this.#options.clock.monotonicMs() + TURN_MS;
      do this.#writeOne();
      while (this.#waiting.length > 0 && this.#options.clock.monotonicMs() < untilMs);
      if (this.#waiting.length > 0) this.#writeSoon();
    });
  }

  #writeOne(): void {
    const one = this.#waiting.shift();
    if (one === undefined) return;
    this.#waitingBytes -= one.bytes;
    if (this.#opened()?.add(one.make()) === true) this.#written += 1;
    else this.#dropped += 1;
  }

  #opened(): PredictionLog<PayloadRecord> | undefined {
    const { clock, open, onFailed } = this.#options;
    if (this.#log !== undefined || clock.monotonicMs() < this.#openAgainMs) return this.#log;
    try {
      this.#log = open();
    } catch (error) {
      this.#openAgainMs = clock.monotonicMs() + OPEN_AGAIN_MS;
      onFailed(error);
    }
    return this.#log;
  }

  seal(): void {
    this.#log?.seal();
  }

  close(): void {
    while (this.#waiting.length > 0) this.#writeOne();
    this.#log?.close();
  }
}

/** The same input, which keeps what was read of it. */
function keptOf(
  tensor: GivenTensor,
  { read, bodyBytesMax }: { readonly read: TensorHead[]; readonly bodyBytesMax: number },
): GivenTensor {
  return {
    ...tensor,
    decode: (wanted) => {
      const data = tensor.decode(wanted);
      // That it is a shape of the model's has been seen before it is read.
      const { name, datatype } = wanted;
      read.push(headOf({ name, datatype, shape: tensor.shape as readonly number[], data }, bodyBytesMax));
      return data;
    },
  };
}

function requested(body: PayloadBody | undefined) {
  return { request: body?.text ?? null, request_truncated: body?.isTruncated ?? null };
}

function responded(body: PayloadBody | undefined) {
  return { response: body?.text ?? null, response_truncated: body?.isTruncated ?? null };
}

function failureOf(error: unknown): Pick<PayloadRecord, "status_code" | "error"> {
  if (error === undefined) return { status_code: 200, error: null };
  const { status, title, detail } = toProblem(error);
  return { status_code: status, error: `${title}: ${detail}`.slice(0, ERROR_CHARACTERS_MAX) };
}

/** For `/metrics`, in Prometheus' text format. */
export function payloadMetrics(log: PayloadLog | undefined): readonly string[] {
  if (log === undefined) return [];
  const families = [
    ["millwright_payloads_logged_total", "Inferences kept in the payload log", log.written],
    ["millwright_payload_log_dropped_total", "Inferences that were to be kept there and were not", log.dropped],
  ] as const;
  return families.flatMap(([name, help, value]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} counter`,
    `${name} ${value}`,
  ]);
}
