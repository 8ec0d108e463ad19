import type { MessagePort } from "node:worker_threads";
import type { Problem } from "@millwright/kernel";

/** What a thread is started with. */
export interface ThreadData {
  /** The file with the definition, in the copy of the sources. */
  readonly file: string;
  readonly service: string;
  /** What `millwright` means to it. */
  readonly millwrightUrl: string;
  /** Three int32: the request that is being executed at this moment, 0 between two; the last that was begun; turns of the loop. */
  readonly progress: SharedArrayBuffer;
  /** By which both speak. The thread takes it away before the project's code is there: nobody else can answer by it. */
  port?: MessagePort;
}

export const RUNNING = 0;
export const BEGUN = 1;
export const TURNS = 2;

export type ToThread =
  | {
      readonly kind: "predict";
      readonly number: number;
      readonly id: string;
      readonly request: Readonly<Record<string, unknown>>;
      readonly features: Readonly<Record<string, number | string | null>>;
    }
  | { readonly kind: "told"; readonly question: number; readonly answer: unknown }
  | { readonly kind: "refused"; readonly question: number; readonly problem: Problem };

export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "unready"; readonly because: string }
  | { readonly kind: "answer"; readonly number: number; readonly answer: unknown }
  | { readonly kind: "failure"; readonly number: number; readonly because: string; readonly isRefusal: boolean }
  | {
      readonly kind: "question";
      readonly number: number;
      readonly question: number;
      readonly service: string;
      readonly request: unknown;
    };
