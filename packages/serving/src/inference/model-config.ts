import { inferenceErrors } from "./errors.ts";
import { MODEL_CONFIG_PROTO } from "./model-config-proto.ts";

/** A tensor of a configuration. */
export interface TensorConfig {
  readonly name: string;
  readonly data_type?: string;
  readonly dims?: readonly number[];
  readonly label_filename?: string;
}

/** How requests wait for a model. */
export interface QueuePolicyConfig {
  readonly timeout_action?: string;
  readonly default_timeout_microseconds?: number;
  readonly max_queue_size?: number;
}

/** What of a model's configuration is acted on; the rest is kept and told as it was written. */
export interface ModelConfig {
  readonly name?: string;
  readonly max_batch_size?: number;
  readonly input?: readonly TensorConfig[];
  readonly output?: readonly TensorConfig[];
  readonly version_policy?: {
    readonly latest?: { readonly num_versions?: number };
    readonly all?: object;
    readonly specific?: { readonly versions?: readonly number[] };
  };
  readonly default_model_filename?: string;
  readonly instance_group?: readonly { readonly count?: number; readonly kind?: string }[];
  readonly optimization?: {
    readonly priority?: string;
    readonly execution_accelerators?: {
      readonly gpu_execution_accelerator?: readonly { readonly name?: string }[];
      readonly cpu_execution_accelerator?: readonly { readonly name?: string }[];
    };
  };
  readonly dynamic_batching?: {
    readonly preferred_batch_size?: readonly number[];
    readonly max_queue_delay_microseconds?: number;
    readonly priority_levels?: number;
    readonly default_priority_level?: number;
    readonly default_queue_policy?: QueuePolicyConfig;
    readonly priority_queue_policy?: Readonly<Record<string, QueuePolicyConfig>>;
  };
  readonly response_cache?: { readonly enable?: boolean };
  readonly platform?: string;
  readonly backend?: string;
  readonly parameters?: Readonly<Record<string, { readonly string_value?: string }>>;
  readonly sequence_batching?: SequenceConfig;
  readonly model_warmup?: readonly WarmupConfig[];
}

/** How a model's requests belong together. */
export interface SequenceConfig {
  readonly max_sequence_idle_microseconds?: number;
  readonly oldest?: { readonly max_candidate_sequences?: number };
  readonly control_input?: readonly {
    readonly name?: string;
    readonly control?: readonly {
      readonly kind?: string;
      readonly int32_false_true?: readonly number[];
      readonly fp32_false_true?: readonly number[];
      readonly bool_false_true?: readonly boolean[];
    }[];
  }[];
  readonly state?: readonly { readonly input_name?: string; readonly output_name?: string }[];
}

/** Requests that are made before a model is served. */
export interface WarmupConfig {
  readonly name?: string;
  readonly batch_size?: number;
  readonly count?: number;
  readonly inputs?: Readonly<Record<string, WarmupInput>>;
}

export interface WarmupInput {
  readonly data_type?: string;
  readonly dims?: readonly number[];
  readonly zero_data?: boolean;
  readonly random_data?: boolean;
  readonly input_data_file?: string;
}

/** The schema of configurations, in which the protocol's services are put too. */
export async function configSchema() {
  const { default: protobuf } = await import("protobufjs");
  const { root } = protobuf.parse(MODEL_CONFIG_PROTO, { keepCase: true });
  return { root, type: root.lookupType("inference.ModelConfig") };
}

/** Reads a `config.pbtxt`. Throws `inference/cannot-load`. */
export async function parseConfigText(text: string): Promise<ModelConfig> {
  const { type } = await configSchema();
  const { default: textFormat } = await import("protobufjs/ext/textformat.js");
  return told("config.pbtxt", () => type.toObject(textFormat.fromText(type, text), PLAIN) as ModelConfig);
}

/** Reads a configuration as JSON text, as a load may bring it. Throws `inference/cannot-load`. */
export async function parseConfigJson(text: string): Promise<ModelConfig> {
  const { type } = await configSchema();
  return told("the configuration", () => {
    const json = JSON.parse(text) as { readonly [key: string]: unknown };
    return type.toObject(type.fromObject(json), PLAIN) as ModelConfig;
  });
}

const PLAIN = { longs: Number, enums: String } as const;

function told(what: string, read: () => ModelConfig): ModelConfig {
  try {
    return read();
  } catch (cause) {
    const because = `${what} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw inferenceErrors.create("inference/cannot-load", { because, cause });
  }
}
