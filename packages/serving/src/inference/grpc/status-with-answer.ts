import type * as Grpc from "@grpc/grpc-js";

type Next = Grpc.ServerInterceptingCallInterface;

/**
 * Has the status of a call with one answer follow it in the same turn, so that both leave in one write. gRPC's server sends the
 * status once it has been told that the answer was written: a second write, and a second time that the caller is woken.
 */
export function statusWithAnswer({ ServerInterceptingCall }: typeof Grpc): Grpc.ServerInterceptor {
  class Call extends ServerInterceptingCall {
    readonly #next: Next;

    constructor(next: Next) {
      super(next);
      this.#next = next;
    }

    override start(listener: Parameters<Next["start"]>[0]): void {
      this.#next.start(listener);
    }

    override sendMetadata(metadata: Grpc.Metadata): void {
      this.#next.sendMetadata(metadata);
    }

    override sendMessage(message: unknown, onSent: () => void): void {
      // Where it cannot be sent the call has ended, and no status is sent after that.
      this.#next.sendMessage(message, () => {});
      onSent();
    }

    override sendStatus(status: Parameters<Next["sendStatus"]>[0]): void {
      this.#next.sendStatus(status);
    }
  }
  // Who writes a stream of answers waits until each has been written.
  return ({ responseStream }, call) => (responseStream ? (call as Grpc.ServerInterceptingCall) : new Call(call));
}
