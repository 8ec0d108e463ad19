import type { ModelConfig } from "../inference/model-config.ts";
import type { InferenceModel } from "../inference/ports.ts";
import { ModelThread } from "./model-thread.ts";
import type { TaskName, Tasks } from "./tasks.ts";
import { wholeTensor } from "./whole-tensor.ts";

export interface ModelThreadsOptions {
  readonly threads: number;
  /** A thread ended that was not told to. */
  readonly onEnded: (error: unknown) => void;
  /** What runs in a thread; for tests. */
  readonly program?: URL;
}

/** No thread's life. */
const NOT_OPEN = -1;

/** Threads beside the answering loop, on which models are read, held and asked. */
export class ModelThreads {
  readonly #threads: readonly ModelThread[];
  readonly #held = new Map<ModelThread, number>();
  #models = 0;

  constructor({ threads, onEnded, program = new URL("./worker.ts", import.meta.url) }: ModelThreadsOptions) {
    this.#threads = Array.from({ length: threads }, () => new ModelThread(program, onEnded));
  }

  get count(): number {
    return this.#threads.length;
  }

  /** Has all threads start, where they are sure to be needed. */
  begin(): void {
    // One that cannot start says so to whoever asks it.
    for (const thread of this.#threads) thread.ask("begin", undefined).catch(() => undefined);
  }

  /** Asks the thread that has least to do. */
  ask<Name extends TaskName>(task: Name, told: Tasks[Name]["told"]): Promise<Tasks[Name]["answer"]> {
    const [first, ...others] = this.#threads;
    if (first === undefined) throw new Error("there is no thread");
    return others.reduce((best, one) => (one.waiting < best.waiting ? one : best), first).ask(task, told);
  }

  /** Asks several threads at once, each for its part; of parts that fail the first one's error is told. */
  async askEach<Name extends TaskName>(task: Name, parts: readonly Tasks[Name]["told"][]): Promise<void> {
    const threads = this.#threads.toSorted((one, other) => one.waiting - other.waiting);
    const all = parts.map((told, at) => (threads[at % threads.length] as ModelThread).ask(task, told));
    const settled = await Promise.allSettled(all);
    const failed = settled.find((one) => one.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * Opens a file of ONNX once in each of so many threads, those that hold the fewest models. Where a thread has ended
   * meanwhile the model is opened anew by the next request.
   */
  async openOnnx(
    file: string,
    { config, instances }: { readonly config: ModelConfig; readonly instances: number },
  ): Promise<readonly InferenceModel[]> {
    const held = (thread: ModelThread) => this.#held.get(thread) ?? 0;
    const chosen = this.#threads.toSorted((one, other) => held(one) - held(other)).slice(0, instances);
    const settled = await Promise.allSettled(chosen.map((thread) => this.#openIn(thread, { file, config })));
    const opened = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = settled.find((one) => one.status === "rejected");
    if (failed === undefined) return opened;
    await Promise.allSettled(opened.map((model) => model.close()));
    throw failed.reason;
  }

  async #openIn(
    thread: ModelThread,
    { file, config }: { readonly file: string; readonly config: ModelConfig },
  ): Promise<InferenceModel> {
    this.#models += 1;
    const model = this.#models;
    const open = () => ({ life: thread.life, opening: thread.ask("openOnnx", { model, file, config }) });
    this.#hold(thread, 1);
    let opened = open();
    const told = await opened.opening.catch((error: unknown) => {
      this.#hold(thread, -1);
      throw error;
    });
    return {
      ...told,
      infer: async (inputs, outputs) => {
        if (opened.life !== thread.life) opened = open();
        const current = opened;
        await current.opening.catch((error: unknown) => {
          // Its file may be there again for the next request.
          if (opened === current) opened = { ...current, life: NOT_OPEN };
          throw error;
        });
        return thread.ask("infer", { model, inputs: inputs.map(wholeTensor), outputs });
      },
      close: async () => {
        this.#hold(thread, -1);
        if (opened.life === thread.life && !thread.isClosed) await thread.ask("close", { model });
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #hold(thread: ModelThread, by: 1 | -1): void {
    this.#held.set(thread, (this.#held.get(thread) ?? 0) + by);
  }
}
