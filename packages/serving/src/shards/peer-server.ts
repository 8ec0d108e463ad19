import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { deserialize, serialize } from "node:v8";
import { toProblem, type Logger } from "@millwright/kernel";
import { isFault } from "../inference/errors.ts";
import { createRest } from "../inference/rest/rest-server.ts";
import type { InferenceServer } from "../inference/inference-server.ts";
import { answerPeer, type PeerAnswers } from "./peer-answers.ts";
import { bytesOf, PEER_PATH, type PeerReply } from "./peer.ts";

export interface PeerServerOptions {
  readonly socketPath: string;
  readonly bodyBytesMax: number;
  readonly logger: Logger;
}

/**
 * Answers the other processes of a server: requests that came to them for a model of this one, and what they ask besides.
 * `server` is this process's own part of the whole. Whoever may enter the socket's folder may ask.
 */
export async function startPeerServer(
  server: InferenceServer,
  answers: Pick<PeerAnswers, "grpc">,
  { socketPath, bodyBytesMax, logger }: PeerServerOptions,
): Promise<Server> {
  // Of one that died; its place is this one's.
  await rm(socketPath, { force: true });
  const rest = createRest(server, { bodyBytesMax, logger, mayAsk: () => true });
  const http = createServer(NO_LIMITS, (request, response) => {
    if (request.url?.startsWith(PEER_PATH) !== true) rest.emit("request", request, response);
    else
      reply(request, response, { server, ...answers, logger }).catch((error: unknown) => {
        logger.error({ err: error }, "another process's question could not be answered");
        response.destroy();
      });
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(socketPath, resolve);
  });
  return http;
}

/** Other processes keep their connections, and their callers' times are held where they came in. */
const NO_LIMITS = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 };

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answers: PeerAnswers & { readonly logger: Logger },
): Promise<void> {
  let told: PeerReply;
  try {
    const asked: unknown = deserialize(await bytesOf(request));
    const name = request.url?.slice(PEER_PATH.length) ?? "";
    told = { answer: await answerPeer(answers, { name, asked, isCancelled: () => request.socket.destroyed }) };
  } catch (error) {
    const problem = toProblem(error);
    if (isFault(problem.status)) answers.logger.error({ err: error }, "a request of another process failed");
    told = { refused: problem };
  }
  const body = serialize(told);
  response.writeHead(200, { "content-length": body.length }).end(body);
}
