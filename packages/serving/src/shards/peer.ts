import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { deserialize, serialize } from "node:v8";
import { fromProblem, isMillError, type Problem } from "@millwright/kernel";
import { inferenceErrors } from "../inference/errors.ts";

/** What one process asks of another by `PEER_PATH/NAME`; both sides are of one program, so values cross as V8 writes them. */
export const PEER_PATH = "/peer/";

/** What a process answers to another. */
export type PeerReply = { readonly answer: unknown } | { readonly refused: Problem };

interface PeerRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Another of the processes that are one server to their callers. */
export interface Peer {
  /** Throws `inference/shard-away` where it is not there, or went before it answered. */
  send(request: PeerRequest): Promise<IncomingMessage>;
  /** Asks it something of its own. Throws what it throws. */
  ask(name: string, asked: unknown, signal?: AbortSignal): Promise<unknown>;
  close(): void;
}

/** At its Unix socket, over connections that are kept. */
export function connectPeer(socketPath: string): Peer {
  const agent = new Agent({ keepAlive: true });
  const send = ({ method, path, headers, body, signal }: PeerRequest) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent, socketPath, method, path, headers, ...(signal === undefined ? {} : { signal }) };
      httpRequest(options, resolve)
        .on("error", (cause) => reject(shardAway(cause)))
        .end(body);
    });
  return {
    send,
    ask: async (name, asked, signal) => {
      const body = serialize(asked);
      const headers = { host: "peer", "content-length": body.length };
      const response = await send({ method: "POST", path: `${PEER_PATH}${name}`, headers, body, signal });
      const reply = deserialize(await bytesOf(response)) as PeerReply;
      if ("refused" in reply) throw fromProblem(reply.refused);
      return reply.answer;
    },
    close: () => agent.destroy(),
  };
}

export function shardAway(cause?: unknown): Error {
  return inferenceErrors.create("inference/shard-away", {
    because: "the model's process is being started again",
    cause,
  });
}

export function isAway(error: unknown): boolean {
  return isMillError(error) && error.code === "inference/shard-away";
}

/** A body to its end. Throws `inference/shard-away` where it is cut off. */
export function bytesOf(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.once("end", () => resolve(Buffer.concat(chunks)));
    message.once("error", (cause) => reject(shardAway(cause)));
    message.once("close", () => {
      if (!message.complete) reject(shardAway());
    });
  });
}
