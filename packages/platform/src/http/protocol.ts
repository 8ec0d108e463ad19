/** A request of another system's client, as it came: the protocol reads it by rules of its own. */
export interface ProtocolRequest {
  readonly method: string;
  /** Below the protocol's prefix, still escaped: `/v1/namespaces/a%1Fb`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface ProtocolReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless the headers say otherwise; absent for an answer without content. */
  readonly body?: string | Uint8Array;
}

/** The protocol of another system, complete below a prefix of its own: it has its own bodies and its own errors. */
export interface Protocol {
  /** `/iceberg` */
  readonly prefix: string;
  answer(request: ProtocolRequest): Promise<ProtocolReply>;
  /**
   * The answer to a request that has no body and whose answer is at hand; undefined for all others, which `answer` is asked.
   * Never throws. `path` has the query with it.
   */
  answerNow?(request: Pick<ProtocolRequest, "method" | "path" | "headers">): ProtocolReply | undefined;
  /** What went wrong, in the protocol's own words; also what was refused before it was asked. */
  refuse(error: unknown): ProtocolReply;
}
