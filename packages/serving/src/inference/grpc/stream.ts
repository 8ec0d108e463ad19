import type { ServerDuplexStream } from "@grpc/grpc-js";

/** So many requests of one stream are taken before the first of them is answered. */
const AHEAD_MAX = 64;

/** Answers the requests of a stream one after the other, in their order; one that fails does not end it. */
export function streamAnswers(
  call: ServerDuplexStream<Buffer, Buffer>,
  {
    answer,
    failed,
  }: {
    readonly answer: (request: Buffer) => Promise<Buffer>;
    readonly failed: (request: Buffer, error: unknown) => Buffer;
  },
): void {
  let turn: Promise<void> = Promise.resolve();
  let waiting = 0;
  const respond = async (request: Buffer): Promise<void> => {
    if (!call.cancelled) {
      const bytes = await answer(request).catch((error: unknown) => failed(request, error));
      if (!call.cancelled) await written(call, bytes);
    }
    waiting -= 1;
    if (waiting < AHEAD_MAX) call.resume();
  };
  call.on("data", (request: Buffer) => {
    waiting += 1;
    if (waiting >= AHEAD_MAX) call.pause();
    turn = turn.then(() => respond(request));
  });
  call.on("error", () => {});
  call.on("end", () => void turn.then(() => call.end()));
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
