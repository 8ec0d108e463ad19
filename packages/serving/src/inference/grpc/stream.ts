import type { ServerDuplexStream } from "@grpc/grpc-js";
import { QUIET_MS } from "../../drain.ts";

/** So many requests of one stream are taken before the first of them is answered. */
const AHEAD_MAX = 64;
/** UNAVAILABLE: whoever asks again finds the server that comes after this one. */
export const ENDING = {
  code: 14,
  details: "the server ends: what was asked has been answered, ask the rest again",
} as const;

interface StreamOptions {
  readonly answer: (request: Buffer) => Promise<Buffer>;
  readonly failed: (request: Buffer, error: unknown) => Buffer;
  /** Aborted when the server is to end: a stream on which nothing is asked any more is ended then. */
  readonly ending: AbortSignal;
}

/** Answers the requests of a stream one after the other, in their order; one that fails does not end it. */
export function streamAnswers(call: ServerDuplexStream<Buffer, Buffer>, options: StreamOptions): void {
  const { answer, failed, ending } = options;
  let turn: Promise<void> = Promise.resolve();
  let waiting = 0;
  let quiet: NodeJS.Timeout | undefined;
  let isLeft = false;
  const endWhenQuiet = () => {
    clearTimeout(quiet);
    if (ending.aborted && waiting === 0 && !isLeft) quiet = setTimeout(() => call.emit("error", ENDING), QUIET_MS);
  };
  const respond = async (request: Buffer): Promise<void> => {
    if (!call.cancelled) {
      const bytes = await answer(request).catch((error: unknown) => failed(request, error));
      if (!call.cancelled) await written(call, bytes);
    }
    waiting -= 1;
    if (waiting < AHEAD_MAX) call.resume();
    endWhenQuiet();
  };
  const leave = () => {
    isLeft = true;
    ending.removeEventListener("abort", endWhenQuiet);
    clearTimeout(quiet);
  };
  ending.addEventListener("abort", endWhenQuiet);
  call.on("data", (request: Buffer) => {
    clearTimeout(quiet);
    waiting += 1;
    if (waiting >= AHEAD_MAX) call.pause();
    turn = turn.then(() => respond(request));
  });
  call.on("error", leave);
  call.on("cancelled", leave);
  call.on("end", () => {
    leave();
    void turn.then(() => call.end());
  });
}

/** A caller who does not read is waited for, not written ahead of. */
function written(call: ServerDuplexStream<Buffer, Buffer>, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (call.write(bytes)) return resolve();
    const go = () => {
      call.off("drain", go);
      call.off("cancelled", go);
      resolve();
    };
    call.once("drain", go);
    call.once("cancelled", go);
  });
}
