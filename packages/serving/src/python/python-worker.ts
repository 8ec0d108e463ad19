import { spawn, type ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import type { Duplex, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Logger } from "@millwright/kernel";
import type { AskedBy } from "../inference/ports.ts";
import type { Tensor } from "../inference/tensor.ts";
import { FrameReader, frameParts, type Frame, type FrameHeader } from "./frames.ts";
import { OutputLines } from "./output-lines.ts";
import { workerEnvironment } from "./worker-environment.ts";

const SCRIPT = fileURLToPath(new URL("./mill_worker.py", import.meta.url));

/** One that is told to end has so long for it. */
const END_MS_MAX = 1_500;

/** Once a process has ended, what it printed is waited for so long. */
const LAST_WORDS_MS_MAX = 200;

export interface WorkerOptions {
  /** The interpreter. */
  readonly python: string;
  /** The model's file, and what the worker is told of it. */
  readonly load: FrameHeader & { readonly file: string };
  readonly logger: Logger;
}

/** What a worker is asked. */
export interface WorkerCall {
  readonly id: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  /** What the request said of itself, where it is executed alone. */
  readonly asked: Pick<AskedBy, "id" | "parameters">;
}

/** The process is no more. `hasBegun` tells of the request whether the model may have seen it. */
export class WorkerEnded extends Error {
  readonly hasBegun: boolean;
  constructor(why: string, hasBegun: boolean) {
    super(why);
    this.hasBegun = hasBegun;
  }
}

interface Asked {
  readonly id: number;
  hasBegun: boolean;
  readonly onBegun: () => void;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A process of Python with one model, which answers one request at a time over a socket that the two alone have. Whatever it
 * says that is not asked for ends it.
 */
export class PythonWorker {
  readonly #child: ChildProcess;
  readonly #channel: Duplex;
  readonly #lines: OutputLines;
  readonly #loaded: PromiseWithResolvers<FrameHeader> = Promise.withResolvers();
  readonly #ended: PromiseWithResolvers<string> = Promise.withResolvers();
  #asked: Asked | undefined;
  /** Why it was ended from here. */
  #why: string | undefined;

  constructor({ python, load, logger }: WorkerOptions) {
    this.#child = spawn(python, ["-u", SCRIPT], {
      cwd: dirname(load.file),
      // A group of its own: Ctrl-C is for its parent, and with it end the processes that it started.
      detached: true,
      env: workerEnvironment(process.env),
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    // A process without any stream is one for which no file could be opened.
    const { stdio } = this.#child as { readonly stdio?: ChildProcess["stdio"] };
    if (stdio === undefined) {
      this.#child.on("error", () => {});
      throw new Error("too many files are open for another process");
    }
    this.#lines = new OutputLines([this.#child.stdout, this.#child.stderr] as readonly Readable[], logger);
    this.#channel = stdio[3] as Duplex;
    // Who waits for the model's load may have gone.
    this.#loaded.promise.catch(() => {});
    this.#listen();
    this.#send(frameParts(load));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the model says of itself once it is loaded. `kind` is `failed` where it could not be. Throws `WorkerEnded`. */
  get loaded(): Promise<FrameHeader> {
    return this.#loaded.promise;
  }

  /** Why it ended, once it has. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Answers with the worker's own frame. Throws `WorkerEnded`. Only one request is asked at a time. */
  ask({ id, inputs, outputs, asked }: WorkerCall, onBegun: () => void): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (this.#why !== undefined) {
        reject(new WorkerEnded(this.#why, false));
        return;
      }
      const request = { id: asked.id, parameters: asked.parameters };
      // What cannot be sent is not asked.
      const parts = frameParts({ kind: "infer", id, outputs, request }, inputs);
      this.#asked = { id, hasBegun: false, onBegun, resolve, reject };
      this.#send(parts);
    });
  }

  /** Ends it at once. */
  kill(why: string): void {
    this.#why ??= why;
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) this.#killGroup();
  }

  /** It and the processes that it started, as far as they are there. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // None is there.
    }
  }

  /** Lets it close what it holds, and waits for its end. */
  async close(): Promise<void> {
    this.#why ??= "it was closed";
    this.#channel.destroy();
    const timer = setTimeout(() => this.kill("it was closed"), END_MS_MAX);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #listen(): void {
    const reader = new FrameReader((frame) => this.#received(frame));
    this.#channel.on("data", (chunk: Buffer) => {
      try {
        if (this.#why === undefined) reader.push(chunk);
      } catch (error) {
        this.kill(`it sent what is no answer: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
    // What goes wrong with the socket is told by the end of the process.
    this.#channel.on("error", () => {});
    this.#channel.once("end", () => this.#hungUp());
    this.#child.once("error", (error) => {
      this.#gone(error.message);
      this.#told();
    });
    this.#child.once("exit", (code, signal) => {
      this.#gone(signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
      // What it said last may still be on its way.
      const timer = setTimeout(() => this.#told(), LAST_WORDS_MS_MAX);
      this.#child.once("close", () => {
        clearTimeout(timer);
        this.#told();
      });
    });
  }

  /** A process that lives on without its socket is of no use. */
  #hungUp(): void {
    setTimeout(() => this.kill("it closed its socket"), END_MS_MAX).unref();
  }

  /** It answers nothing any more. */
  #gone(how: string): void {
    this.#why ??= how;
    this.#channel.destroy();
    this.#asked?.reject(new WorkerEnded(this.#why, this.#asked.hasBegun));
    this.#asked = undefined;
    this.#killGroup();
  }

  #told(): void {
    // A process that it started and let go of may hold them open for as long as it likes.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    const { last } = this.#lines;
    const why = `${this.#why ?? ""}${last === "" ? "" : `; the last that it said: ${last}`}`;
    this.#loaded.reject(new WorkerEnded(why, false));
    this.#ended.resolve(why);
  }

  #received(frame: Frame): void {
    const { kind, id } = frame.header;
    if (kind === "ready" || kind === "failed") {
      this.#loaded.resolve(frame.header);
      return;
    }
    const asked = this.#asked;
    if (asked === undefined || id !== asked.id) throw new Error("an answer to what was not asked");
    if (kind === "begun") {
      asked.hasBegun = true;
      asked.onBegun();
      return;
    }
    this.#asked = undefined;
    asked.resolve(frame);
  }

  #send(parts: readonly Uint8Array[]): void {
    this.#channel.cork();
    for (const part of parts) this.#channel.write(part);
    this.#channel.uncork();
  }
}
