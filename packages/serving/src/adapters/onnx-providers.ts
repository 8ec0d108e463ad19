import type { ModelConfig } from "../inference/model-config.ts";

/** On what a model's graph is computed, in ONNX Runtime's words. */
export interface ExecutionProviders {
  readonly wanted: string;
  /** Whether the processor computes it where the hardware or its library is not there. */
  readonly fallsBack: boolean;
  /** Whether the configuration says anything of it. */
  readonly isTold: boolean;
}

const CPU = "cpu";

/**
 * What a configuration asks for: the parameters `execution_provider` and `fallback`; else, as Triton has them, the first of its
 * `execution_accelerators`; else CUDA where its instances are of `KIND_GPU`; else the processor. Throws an `Error` for
 * what is no provider's name.
 */
export function executionProviders(config: ModelConfig): ExecutionProviders {
  const told = config.parameters?.["execution_provider"]?.string_value;
  const wanted = told ?? accelerator(config) ?? (isOfGpu(config) ? "cuda" : undefined);
  const fallback = config.parameters?.["fallback"]?.string_value;
  if (fallback !== undefined && fallback !== CPU)
    throw new Error(`its fallback is ${JSON.stringify(fallback)}; there is "cpu"`);
  if (wanted !== undefined && !/^[a-z][a-z0-9_]{0,31}$/i.test(wanted))
    throw new Error(`its execution_provider ${JSON.stringify(wanted)} is no name of one`);
  return { wanted: wanted?.toLowerCase() ?? CPU, fallsBack: fallback === CPU, isTold: wanted !== undefined };
}

function accelerator({ optimization }: ModelConfig): string | undefined {
  const { gpu_execution_accelerator: gpu = [], cpu_execution_accelerator: cpu = [] } =
    optimization?.execution_accelerators ?? {};
  return [...gpu, ...cpu][0]?.name;
}

function isOfGpu({ instance_group: groups = [] }: ModelConfig): boolean {
  return groups.some(({ kind }) => kind === "KIND_GPU");
}
